"""The REST front: Seldon's external HTTP API as an RSGI application.

It reads requests, asks the engine and writes answers; it decides nothing about the graph.

Source:
    Seldon's executor: paths, methods, headers (`Seldon-Puid`, CORS, nosniff), texts of 404 and
    405. The same paths answer below `/seldon/<namespace>/<name>/`, where an ingress would put them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from servegraph.engine import Engine
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import PayloadError
from servegraph.payload import wire_json
from servegraph.serving.faults import FaultLog, body_of, status_of

JSON = "application/json"
_COMMON_HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("access-control-allow-origin", "*"),
    (
        "access-control-allow-headers",
        "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token",
    ),
)


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = JSON
    puid: str = ""


Handler = Callable[[bytes, str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers a path. `service` is the metrics label; what has none is neither counted nor for browsers."""

    method: str
    handle: Handler
    service: str | None = None
    headers: Sequence[tuple[str, str]] = _COMMON_HEADERS


def _counted(method: str, handle: Handler, service: str) -> Route:
    allowed = ",".join(sorted(("OPTIONS", method)))
    return Route(method, handle, service, (*_COMMON_HEADERS, ("access-control-allow-methods", allowed)))


@dataclass(frozen=True, slots=True)
class Site:
    """What the front serves beside predictions.

    Attributes:
        prefix: the ingress form, `/seldon/<namespace>/<name>`.
        metrics: content type and text of the Prometheus page.
        metadata: the graph's metadata as JSON.
        status: what `servegraph status` shows, as JSON.
    """

    prefix: str
    metrics: Callable[[], tuple[str, bytes]]
    metadata: bytes
    status: Callable[[], Mapping[str, Any]]


class RestFront:
    """The RSGI application."""

    def __init__(self, engine: Engine, site: Site, listener: Listener) -> None:
        self._engine = engine
        self._site = site
        self._listener = listener
        self._routes = self._table()
        self._faults = FaultLog()
        self._draining = False
        self.in_flight = 0
        self.served = 0

    def drain(self) -> None:
        """From now on say "not ready", and ask clients to close their connections."""
        self._draining = True

    def _table(self) -> dict[str, Route]:
        predictions = _counted("POST", self._predict, "predictions")
        feedback = _counted("POST", self._feedback, "feedback")
        metadata = _counted("GET", self._metadata, "metadata")
        routes = {
            "/live": Route("GET", self._live),
            "/ready": Route("GET", self._ready),
            "/prometheus": Route("GET", self._prometheus),
            "/status": Route("GET", self._status),
            "/api/v1.0/metadata": metadata,
        }
        for version in ("v0.1", "v1.0"):
            routes[f"/api/{version}/predictions"] = predictions
            routes[f"/api/{version}/feedback"] = feedback
        return routes | {self._site.prefix + path: route for path, route in routes.items()}

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        route = self._routes.get(scope.path)
        if route is None:
            self._respond(protocol, Answer(404, b"404 page not found\n", "text/plain; charset=utf-8"), [])
        elif scope.method == "OPTIONS" and route.service:
            self._respond(protocol, Answer(200, b""), route.headers)
        elif scope.method != route.method:
            self._respond(protocol, Answer(405, b""), [])
        else:
            await self._serve(route, scope, protocol)

    async def _serve(self, route: Route, scope: Any, protocol: Any) -> None:
        given = scope.headers.get("seldon-puid") or ""
        puid = given if is_puid(given) else new_puid()
        self.in_flight += 1
        try:
            body = await protocol()
            started = perf_counter()
            answer = await self._answer(route, body, puid)
            if route.service:
                seconds = perf_counter() - started
                self._listener.request_done(route.service, route.method.lower(), str(answer.status), seconds)
            own = puid if given else answer.puid or puid
            self._respond(protocol, answer, [*route.headers, ("seldon-puid", own)])
        finally:
            self.in_flight -= 1
            self.served += 1

    async def _answer(self, route: Route, body: bytes, puid: str) -> Answer:
        try:
            return await route.handle(body, puid)
        except PayloadError as error:
            return Answer(status_of(error).http, body_of(error))
        except Exception as error:
            self._faults.tell(puid, error)
            return Answer(status_of(error).http, body_of(error))

    def _respond(self, protocol: Any, answer: Answer, headers: Sequence[tuple[str, str]]) -> None:
        fields = [("content-type", answer.content_type), *headers] if answer.body else list(headers)
        if self._draining:
            fields.append(("connection", "close"))
        protocol.response_bytes(answer.status, fields, answer.body)

    async def _predict(self, body: bytes, puid: str) -> Answer:
        message = wire_json.decode(wire_json.parse(body))
        answer = await self._engine.predict(message, puid)
        return Answer(200, wire_json.encode(answer), puid=answer.meta.puid)

    async def _feedback(self, body: bytes, _: str) -> Answer:
        feedback = wire_json.decode_feedback(wire_json.parse(body))
        return Answer(200, wire_json.encode(await self._engine.send_feedback(feedback)))

    async def _metadata(self, _body: bytes, _: str) -> Answer:
        return Answer(200, self._site.metadata)

    async def _live(self, _body: bytes, _: str) -> Answer:
        return Answer(200, b"")

    async def _ready(self, _body: bytes, _: str) -> Answer:
        return Answer(503 if self._draining else 200, b"")

    async def _prometheus(self, _body: bytes, _: str) -> Answer:
        # Milliseconds of formatting, which requests need not wait for.
        content_type, text = await asyncio.to_thread(self._site.metrics)
        return Answer(200, text, content_type)

    async def _status(self, _body: bytes, _: str) -> Answer:
        return Answer(200, wire_json.dump(self._site.status()))
