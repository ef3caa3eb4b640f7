"""The REST front: an RSGI application that reads requests, asks a route's handler and writes answers.

It decides nothing about the graph, and knows no protocol: those are `seldon_api`,
`open_inference_api` and the relays.

Source:
    Seldon's executor: headers (`Seldon-Puid`, CORS, CloudEvents echo, nosniff), texts of 404 and
    405, and the JSON escapes for `<`, `>`, `&`, U+2028 and U+2029 in every body.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any

from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import Overloaded, PayloadError
from servegraph.payload.envelope import Text
from servegraph.serving.body import BodyReader
from servegraph.serving.escape import escaped
from servegraph.serving.faults import FaultLog, answer_of
from servegraph.serving.routes import Answer, HttpRequest, Match, Route, RouteTable

_SKIPS = frozenset(("true", "on", "1"))
_NOT_FOUND = Answer(404, b"404 page not found\n", "text/plain; charset=utf-8")
DEFAULT_HEADERS = "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class Site:
    """What a front says of itself, and how much it takes.

    Attributes:
        prefix: the ingress form, `/seldon/<namespace>/<name>`; empty for none.
        deployment, namespace: for the echo of CloudEvents.
        origins, headers: values of `Access-Control-Allow-Origin` and `-Headers`.
        forwards: whether handlers need the client's headers, and time to stop when a client goes away.
        timeout_s: what the whole graph may take; None for ever.
        max_body: bytes of a request's body.
        max_requests: requests at once; more are sent away with 503.
    """

    prefix: str = ""
    deployment: str = ""
    namespace: str = ""
    origins: str = "*"
    headers: str = DEFAULT_HEADERS
    forwards: bool = False
    timeout_s: float | None = None
    max_body: int = 256 * 2**20
    max_requests: int = 1024


class RestFront:
    """The RSGI application.

    Args:
        on_drain: told when the end begins, so that probes can say so.
    """

    def __init__(
        self, routes: Sequence[Route], site: Site, listener: Listener, on_drain: Callable[[], None] = lambda: None
    ) -> None:
        self._on_drain = on_drain
        self._table = RouteTable(routes, site.prefix)
        self._site = site
        self._bodies = BodyReader(site.max_body)
        self._listener = listener
        self._faults = FaultLog()
        self._draining = False
        self._cors = (
            ("x-content-type-options", "nosniff"),
            ("access-control-allow-origin", site.origins),
            ("access-control-allow-headers", site.headers),
        )
        self.in_flight = 0
        self.served = 0

    def drain(self) -> None:
        """From now on ask clients to close their connections."""
        self._draining = True
        self._on_drain()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        match = self._table.match(scope.path)
        if match is None:
            return self._respond(protocol, _NOT_FOUND, self._cors[:1])
        found = match.routes.get(scope.method) or match.routes.get("*")
        if found is not None:
            return await self._serve(*found, match, scope, protocol)
        if scope.method == "OPTIONS" and match.allowed:
            puid = scope.headers.get("seldon-puid") or new_puid()
            return self._respond(protocol, Answer(200), self._headers(match, scope, puid))
        return self._respond(protocol, Answer(405), [])

    async def _serve(
        self, route: Route, parameters: Mapping[str, str], match: Match, scope: Any, protocol: Any
    ) -> None:
        given = scope.headers.get("seldon-puid")
        context = Context(given, True) if given and is_puid(given) else Context(new_puid())
        if self.in_flight >= self._site.max_requests and route.service:
            return self._refuse(match, scope, protocol, context)
        self.in_flight += 1
        started = perf_counter()
        try:
            answer = await self._answer(route, match.path, parameters, scope, protocol, context)
            if route.service:
                seconds = perf_counter() - started
                listener = context.listener or self._listener
                listener.request_done(route.service, scope.method.lower(), str(answer.status), seconds)
            self._respond(protocol, answer, self._headers(match, scope, context.puid))
        finally:
            self.in_flight -= 1
            self.served += 1

    async def _answer(
        self, route: Route, path: str, parameters: Mapping[str, str], scope: Any, protocol: Any, context: Context
    ) -> Answer:
        headers = scope.headers
        try:
            body = await self._bodies.read(headers, protocol)
        except PayloadError as error:
            return answer_of(error)
        site, get = self._site, headers.get
        skips = get("seldon-skip-logging")
        if skips and skips.lower() in _SKIPS:
            context.logged = False
        if site.timeout_s is not None:
            context.deadline = monotonic() + site.timeout_s
        length = get("inference-header-content-length")
        text = Text(
            body,
            get("content-type") or "",
            get("content-encoding") or "",
            None if length is None else _length(length),
        )
        if site.forwards:
            context.headers = list(headers.items())
        handled = route.handle(HttpRequest(path, scope.query_string, text, parameters, context))
        try:
            answer = await (_unless_gone(handled, protocol) if site.forwards else handled)
        except Exception as error:
            if not isinstance(error, PayloadError):
                self._faults.tell(context.puid, error)
            answer = (route.fails or answer_of)(error)
        return answer if answer.encoding or answer.header_length is not None else escaped(answer)

    def _refuse(self, match: Match, scope: Any, protocol: Any, context: Context) -> None:
        limit = self._site.max_requests
        answer = answer_of(Overloaded(f"{limit} requests are being answered already", hint="send it again later"))
        self._respond(protocol, answer, self._headers(match, scope, context.puid))

    def _headers(self, match: Match, scope: Any, puid: str) -> list[tuple[str, str]]:
        fields = [*self._cors, ("seldon-puid", puid)]
        if match.allowed:
            fields.append(("access-control-allow-methods", match.allowed))
        if scope.headers.get("ce-specversion"):
            fields += self._event_headers(scope.path, puid)
        return fields

    def _event_headers(self, path: str, puid: str) -> list[tuple[str, str]]:
        name = f"seldon.{self._site.deployment}"
        return [
            ("ce-id", puid),
            ("ce-specversion", "0.3"),
            ("ce-path", path),
            ("ce-type", f"{name}.{self._site.namespace}.response"),
            ("ce-source", name),
        ]

    def _respond(self, protocol: Any, answer: Answer, headers: Sequence[tuple[str, str]]) -> None:
        fields = [*headers, *answer.headers]
        if answer.body:
            fields.append(("content-type", answer.content_type))
        if answer.encoding:
            fields.append(("content-encoding", answer.encoding))
        if answer.header_length is not None:
            fields.append(("inference-header-content-length", str(answer.header_length)))
        if self._draining:
            fields.append(("connection", "close"))
        protocol.response_bytes(answer.status, fields, answer.body)


def _length(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


async def _unless_gone(work: Awaitable[Answer], protocol: Any) -> Answer:
    """The answer, unless the client hangs up before it is there; then the work is cancelled."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(protocol.client_disconnect())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        return Answer(499)  # nobody reads it; the number is nginx's for this
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        del task  # its error would keep it, and with it the message, until garbage is looked for
