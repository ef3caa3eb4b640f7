"""The REST front: an application of the HTTP server that asks a route's handler, and says what its answer looks like.

It decides nothing about the graph, and knows no protocol: those are `seldon_api`,
`open_inference_api` and the relays.

Source:
    Seldon's executor: headers (`Seldon-Puid`, CORS, CloudEvents echo, nosniff), texts of 404 and
    405, and the JSON escapes for `<`, `>`, `&`, U+2028 and U+2029 in every body.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any

from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import Overloaded, PayloadError
from servegraph.payload.envelope import Text
from servegraph.serving.escape import escaped
from servegraph.serving.faults import FaultLog, answer_of
from servegraph.serving.http1.head import field
from servegraph.serving.http1.message import Gone, Request, Response
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
    """Implements `http1.message.Application`.

    Args:
        on_drain: told when the end begins, so that probes can say so.
    """

    def __init__(
        self, routes: Sequence[Route], site: Site, listener: Listener, on_drain: Callable[[], None] = lambda: None
    ) -> None:
        self.drain = on_drain
        self.max_body = site.max_body
        self._table = RouteTable(routes, site.prefix)
        self._site = site
        self._listener = listener
        self._faults = FaultLog()
        self._nosniff = field("x-content-type-options", "nosniff")
        self._fields = (
            self._nosniff
            + field("access-control-allow-origin", site.origins)
            + field("access-control-allow-headers", site.headers)
        )
        self.in_flight = 0

    def __call__(self, request: Request) -> Coroutine[Any, Any, Response]:
        match = self._table.match(request.path)
        if match is None:
            return _prompt(_NOT_FOUND, self._nosniff)
        found = match.routes.get(request.method) or match.routes.get("*")
        if found is not None:
            return self._serve(*found, match, request)
        if request.method == "OPTIONS" and match.allowed:
            puid = request.headers.get("seldon-puid") or new_puid()
            return _prompt(Answer(200), self._usual(match, request, puid))
        return _prompt(Answer(405), "")

    async def _serve(self, route: Route, parameters: Mapping[str, str], match: Match, request: Request) -> Response:
        given = request.headers.get("seldon-puid")
        context = Context(given, True) if given and is_puid(given) else Context(new_puid())
        if self.in_flight >= self._site.max_requests and route.service:
            return _response(self._refusal(), self._usual(match, request, context.puid))
        self.in_flight += 1
        started = perf_counter()
        try:
            answer = await self._answer(route, match.path, parameters, request, context)
        finally:
            self.in_flight -= 1
        if route.service:
            seconds = perf_counter() - started
            listener = context.listener or self._listener
            listener.request_done(route.service, request.method.lower(), str(answer.status), seconds)
        return _response(answer, self._usual(match, request, context.puid))

    async def _answer(
        self, route: Route, path: str, parameters: Mapping[str, str], request: Request, context: Context
    ) -> Answer:
        if request.fault is not None:
            return answer_of(request.fault)
        site, get = self._site, request.headers.get
        skips = get("seldon-skip-logging")
        if skips and skips.lower() in _SKIPS:
            context.logged = False
        if site.timeout_s is not None:
            context.deadline = monotonic() + site.timeout_s
        length = get("inference-header-content-length")
        text = Text(
            request.take_body(),
            get("content-type") or "",
            get("content-encoding") or "",
            None if length is None else _length(length),
        )
        if site.forwards:
            context.headers = list(request.fields)
        handled = route.handle(HttpRequest(path, request.query, text, parameters, context))
        del text  # the handler may take it, and be done with it before it answers
        try:
            answer = await (_unless_gone(handled, request.gone) if site.forwards else handled)
        except Exception as error:
            if not isinstance(error, PayloadError):
                self._faults.tell(context.puid, error)
            answer = (route.fails or answer_of)(error)
        return answer if answer.encoding or answer.header_length is not None else escaped(answer)

    def _refusal(self) -> Answer:
        limit = self._site.max_requests
        return answer_of(Overloaded(f"{limit} requests are being answered already", hint="send it again later"))

    def _usual(self, match: Match, request: Request, puid: str) -> str:
        fields = self._fields + field("seldon-puid", puid)
        if match.allowed:
            fields += field("access-control-allow-methods", match.allowed)
        if request.headers.get("ce-specversion"):
            fields += self._event_fields(request.path, puid)
        return fields

    def _event_fields(self, path: str, puid: str) -> str:
        name = f"seldon.{self._site.deployment}"
        said = {
            "ce-id": puid,
            "ce-specversion": "0.3",
            "ce-path": path,
            "ce-type": f"{name}.{self._site.namespace}.response",
            "ce-source": name,
        }
        return "".join(field(name, value) for name, value in said.items())


async def _prompt(answer: Answer, fields: str) -> Response:
    return _response(answer, fields)


def _response(answer: Answer, fields: str) -> Response:
    if answer.headers:
        fields += "".join(field(name, value) for name, value in answer.headers)
    if answer.body:
        fields += field("content-type", answer.content_type)
    if answer.encoding:
        fields += field("content-encoding", answer.encoding)
    if answer.header_length is not None:
        fields += field("inference-header-content-length", str(answer.header_length))
    return Response(answer.status, fields, answer.body)


def _length(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


async def _unless_gone(work: Awaitable[Answer], client: Gone) -> Answer:
    """The answer, unless the client hangs up before it is there; then the work is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, client.waited_for()), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        return Answer(499)  # nobody reads it; the number is nginx's for this
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        del task  # its error would keep it, and with it the message, until garbage is looked for
