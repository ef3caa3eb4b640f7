"""The REST API of a component server: what its paths ask of the component, and how they answer.

Source:
    Seldon's component server. Only `predict` lets `status.code` of the answer choose the HTTP
    status; wrong paths and methods are 500.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from servegraph.component import Caller
from servegraph.errors import INTERNAL_ERROR, Overloaded, UnitTimedOut
from servegraph.payload.envelope import Codec, Envelope
from servegraph.payload.http_body import document_of, passthrough_of
from servegraph.payload.json_text import printed
from servegraph.payload.seldon import FEEDBACK, MESSAGE, MESSAGES
from servegraph.serving.component_faults import NOT_ALLOWED, NOT_FOUND, answer_of, failed
from servegraph.serving.component_http import HTML, Endpoint, HttpFront, Limits, Request
from servegraph.serving.component_openapi import document
from servegraph.serving.component_pool import PatientPool
from servegraph.serving.faults import FaultLog
from servegraph.serving.routes import Answer

_BOTH, _GET, _POST = ("GET", "POST"), ("GET",), ("POST",)
_NO_FAULTS = (Overloaded, UnitTimedOut)  # of the component's code, so there is no place to show
_STATUSES = range(200, 1000)  # what the status of an answer can be


@dataclass(frozen=True, slots=True)
class RestOptions:
    """How the REST API answers.

    Attributes:
        timeout_s: what the component may take before the answer is 504; None for ever.
        passthrough: whether `/predict` hands bodies over undecoded.
    """

    limits: Limits
    timeout_s: float | None = None
    passthrough: bool = False
    log_access: bool = False


def rest_front(caller: Caller, options: RestOptions, pool: PatientPool | None) -> HttpFront:
    """The application of the REST port; `pool` is where the component runs, if not on the event loop."""
    rest = _ComponentRest(caller, options, pool)
    return HttpFront(rest.endpoints(), _Errors(), options.limits, options.log_access)


class _Errors:
    """Errors as the component server answers them."""

    def __init__(self) -> None:
        self._faults = FaultLog()

    def not_found(self) -> Answer:
        return failed(500, NOT_FOUND, INTERNAL_ERROR)

    def not_allowed(self) -> Answer:
        return failed(500, NOT_ALLOWED, INTERNAL_ERROR)

    def of(self, error: BaseException) -> Answer:
        answer = answer_of(error)
        if answer.status >= 500 and isinstance(error, Exception) and not isinstance(error, _NO_FAULTS):
            self._faults.tell("-", error)
        return answer


class _ComponentRest:
    def __init__(self, caller: Caller, options: RestOptions, pool: PatientPool | None) -> None:
        self._caller = caller
        self._timeout = options.timeout_s
        self._passthrough = options.passthrough
        self._pool = pool
        self._document = printed(document())

    def endpoints(self) -> dict[str, Endpoint]:
        status, metadata = Endpoint(_GET, self._status), Endpoint(_GET, self._metadata)
        return {
            "/predict": Endpoint(_BOTH, self._predict),
            "/api/v0.1/predictions": Endpoint(_POST, self._predict),
            "/api/v1.0/predictions": Endpoint(_POST, self._predict),
            "/send-feedback": Endpoint(_BOTH, self._feedback),
            "/api/v0.1/feedback": Endpoint(_POST, self._feedback),
            "/api/v1.0/feedback": Endpoint(_POST, self._feedback),
            "/transform-input": Endpoint(_BOTH, self._transform_input),
            "/transform-output": Endpoint(_BOTH, self._transform_output),
            "/route": Endpoint(_BOTH, self._route),
            "/aggregate": Endpoint(_BOTH, self._aggregate),
            "/health/ping": Endpoint(_GET, self._ping),
            "/health/status": status,
            "/api/v1.0/health/status": status,
            "/metadata": metadata,
            "/api/v1.0/metadata": metadata,
            "/seldon.json": Endpoint(_GET, self._openapi),
        }

    async def _predict(self, request: Request) -> Answer:
        if self._passthrough:
            document = passthrough_of(request.body, request.content_type, request.query)
            return await self._pass_through(Envelope(MESSAGE, "rest", document=document))
        answer = await self._in_time(self._caller.transform("predict", _message(MESSAGE, request)))
        return Answer.of(answer.text(), _status_code(answer))

    async def _transform_input(self, request: Request) -> Answer:
        return await self._answered(self._caller.transform("transform_input", _message(MESSAGE, request)))

    async def _transform_output(self, request: Request) -> Answer:
        return await self._answered(self._caller.transform("transform_output", _message(MESSAGE, request)))

    async def _route(self, request: Request) -> Answer:
        return await self._answered(self._caller.route(_message(MESSAGE, request)))

    async def _aggregate(self, request: Request) -> Answer:
        return await self._answered(self._caller.aggregate(_message(MESSAGES, request)))

    async def _feedback(self, request: Request) -> Answer:
        return await self._answered(self._caller.send_feedback(_message(FEEDBACK, request)))

    async def _status(self, _: Request) -> Answer:
        return await self._answered(self._caller.health("rest"))

    async def _metadata(self, _: Request) -> Answer:
        return Answer(200, printed(self._caller.metadata()))

    async def _ping(self, _: Request) -> Answer:
        return Answer(200, b"pong", HTML)

    async def _openapi(self, _: Request) -> Answer:
        return Answer(200, self._document)

    async def _answered(self, call: Awaitable[Envelope[Any]]) -> Answer:
        return Answer.of((await self._in_time(call)).text())

    async def _in_time[T](self, call: Awaitable[T]) -> T:
        began = self._pool.abandoned if self._pool else 0
        try:
            async with asyncio.timeout(self._timeout) as limit:
                return await call
        except TimeoutError as error:
            if not limit.expired():
                raise
            if self._pool is not None:
                self._pool.abandon(began)
            raise UnitTimedOut("", "", f"the component did not answer in {self._timeout:g} s") from error

    async def _pass_through(self, request: Envelope[Any]) -> Answer:
        answer = (await self._in_time(self._caller.transform("predict", request))).document()
        if isinstance(answer, (bytes, str)):
            return Answer(200, answer.encode() if isinstance(answer, str) else answer)
        return Answer(200, "".join(answer).encode())


def _message[T](codec: Codec[T], request: Request) -> Envelope[T]:
    """The message of a request, in whichever of the forms it may come."""
    document = document_of(request.body, request.content_type, request.query)
    return Envelope(codec, "rest", document=document)


def _status_code(answer: Envelope[Any]) -> int:
    """The HTTP status that the answer's own `status.code` asks for."""
    if answer.is_decoded:
        return 200  # a decoded message has no status
    document = answer.document()
    status = document.get("status") if isinstance(document, dict) else None
    code = status.get("code") if isinstance(status, dict) else None
    return code if isinstance(code, int) and code in _STATUSES else 200
