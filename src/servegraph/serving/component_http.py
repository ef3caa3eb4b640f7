"""What is the same for every HTTP port of a component server: paths, methods, CORS, counting, an orderly end.

What the paths answer stands in `component_rest` and `component_metrics`.

Source:
    Seldon's component server, a Flask application: a path may begin with any number of slashes,
    `OPTIONS` everywhere, `HEAD` where there is `GET`, CORS headers on every answer, and a static
    catch-all that makes every path but `/` known for GET, so an unknown one is 404 for GET and 405
    for anything else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from servegraph.errors import Overloaded
from servegraph.serving.http1.head import field
from servegraph.serving.http1.message import Request as HttpRequest
from servegraph.serving.http1.message import Response
from servegraph.serving.routes import Answer

HTML = "text/html; charset=utf-8"
_GATEWAY_HTML = "text/html"  # of what the web server in front of Flask answers, without CORS headers
_ALL_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
_LONGEST_REQUEST_LINE = 4094  # gunicorn's default
_READ_AT_ONCE = 8192  # what gunicorn has read when it gives up

access = logging.getLogger("servegraph.access")


class Request(NamedTuple):
    """A request whose path and method are known."""

    path: str
    query: str
    content_type: str
    body: bytes


class Endpoint(NamedTuple):
    """What answers a path; `methods` are those beside HEAD and OPTIONS."""

    methods: tuple[str, ...]
    answer: Callable[[Request], Awaitable[Answer]]


class Errors(Protocol):
    """How a port reports errors."""

    def not_found(self) -> Answer:
        """There is no such path."""

    def not_allowed(self) -> Answer:
        """The path has no such method."""

    def of(self, error: BaseException) -> Answer:
        """An endpoint, or the reading of its body, failed."""


class Limits(NamedTuple):
    """What a port takes: bytes of a body, requests at once."""

    body: int
    requests: int = 1024


class HttpFront:
    """Implements `http1.message.Application` for one port."""

    def __init__(self, endpoints: Mapping[str, Endpoint], errors: Errors, limits: Limits, log_access: bool) -> None:
        self.max_body = limits.body
        self._endpoints = endpoints
        self._errors = errors
        self._limits = limits
        self._log_access = log_access
        self._in_flight = self._served = 0
        self.on_served: Callable[[int], None] = lambda served: None

    async def __call__(self, request: HttpRequest) -> Response:
        self._in_flight += 1
        try:
            answer = await self._answer(request)
        finally:
            self._in_flight -= 1
            self._served += 1
        if self._log_access:
            access.info("%r %r %d", request.method, request.path, answer.status)
        self.on_served(self._served)
        return _response(answer, request)

    async def _answer(self, request: HttpRequest) -> Answer:
        length = len(f"{request.method} {request.target} HTTP/1.1")
        if length > _LONGEST_REQUEST_LINE:
            return _line_too_long(length)
        path = "/" + request.path.lstrip("/")
        endpoint = self._endpoints.get(path)
        if request.method == "OPTIONS":
            return self._options(path, endpoint)
        if endpoint is None or not _allows(endpoint, request.method):
            reads = request.method in ("GET", "HEAD") or path == "/"
            return self._errors.not_found() if reads else self._errors.not_allowed()
        try:
            return await endpoint.answer(self._asked(request))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # a component may raise SystemExit, and must not end the server
            return self._errors.of(error)

    def _asked(self, request: HttpRequest) -> Request:
        if self._in_flight > self._limits.requests:
            raise Overloaded(f"{self._limits.requests} requests are being answered already")
        if request.fault is not None:
            raise request.fault
        return Request(request.path, request.query, request.headers.get("content-type") or "", request.body)

    def _options(self, path: str, endpoint: Endpoint | None) -> Answer:
        if path == "/":
            return self._errors.not_found()
        post = ", POST" if endpoint is not None and "POST" in endpoint.methods else ""
        return Answer(200, b"", HTML, headers=(("allow", f"OPTIONS, GET, HEAD{post}"),))


def _response(answer: Answer, request: HttpRequest) -> Response:
    fields = [("content-type", answer.content_type), *answer.headers]
    if answer.content_type != _GATEWAY_HTML:
        fields += _cors(request)
    if answer.encoding:
        fields.append(("content-encoding", answer.encoding))
    return Response(answer.status, "".join(field(name, value) for name, value in fields), answer.body)


def _allows(endpoint: Endpoint, method: str) -> bool:
    return ("GET" if method == "HEAD" else method) in endpoint.methods


def _line_too_long(length: int) -> Answer:
    what = f"Request Line is too large ({min(length, _READ_AT_ONCE)} &gt; {_LONGEST_REQUEST_LINE})"
    page = (
        "<html>\n  <head>\n    <title>Bad Request</title>\n  </head>\n"
        f"  <body>\n    <h1><p>Bad Request</p></h1>\n    {what}\n  </body>\n</html>\n"
    )
    return Answer(400, page.encode(), _GATEWAY_HTML)


def _cors(request: HttpRequest) -> list[tuple[str, str]]:
    origin = request.headers.get("origin")
    fields = [("access-control-allow-origin", origin or "*")]
    if origin:
        fields.append(("vary", "Origin"))
    wanted = request.headers.get("access-control-request-method")
    if origin and request.method == "OPTIONS" and wanted in _ALL_METHODS.split(", "):
        fields.append(("access-control-allow-methods", _ALL_METHODS))
        asked = request.headers.get("access-control-request-headers")
        if asked:
            fields.append(("access-control-allow-headers", asked))
    return fields
