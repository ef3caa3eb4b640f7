"""A node whose component runs in this process."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from types import TracebackType
from typing import Any

from servegraph.component import Caller
from servegraph.engine.branch import branch_of_message
from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.separation import own_feedback, own_message
from servegraph.engine.unit import Method
from servegraph.errors import PayloadError, UnitAnswered, UnitFailed
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGES

_HOOKS = {
    Method.PREDICT: "predict",
    Method.TRANSFORM_INPUT: "transform_input",
    Method.TRANSFORM_OUTPUT: "transform_output",
}


class LocalUnit:
    """Implements `Unit` with a component's `Caller`; its calls are counted like those of any node."""

    def __init__(self, node: str, caller: Caller, listener: Listener) -> None:
        self._node = node
        self._caller = caller
        self._listener = listener

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        with _Timed(self._listener, self._node, method):
            answer = await self._caller.transform(_HOOKS[method], request)
        return self._checked(answer) if method is Method.PREDICT else answer

    async def route(self, request: Envelope[Message], context: Context) -> int:
        with _Timed(self._listener, self._node, Method.ROUTE):
            answer = await self._caller.route(own_message(request))
        return branch_of_message(self._node, answer.value())

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        messages = Envelope(MESSAGES, requests[0].transport, value=[request.value() for request in requests])
        with _Timed(self._listener, self._node, Method.AGGREGATE):
            return await self._caller.aggregate(messages)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        with _Timed(self._listener, self._node, Method.SEND_FEEDBACK):
            return await self._caller.send_feedback(own_feedback(feedback))

    def _checked(self, answer: Envelope[Message]) -> Envelope[Message]:
        """An answer, unless its component chose its HTTP status: for a graph any but 200 is an error."""
        if answer.is_decoded or answer.transport == "grpc":
            return answer
        status = _own_status(answer.document())
        if status == 200:
            return answer
        text = answer.text()
        what = f"answered with status {status}"
        raise UnitAnswered(self._node, "predict", what, status=status, body=text.body, content_type=text.content_type)

    async def health(self, context: Context) -> Envelope[Message]:
        return await self._caller.health("rest")

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        return self._caller.metadata()

    async def ready(self, thorough: bool) -> bool:
        return True


def _own_status(document: Any) -> int:
    """The HTTP status that an answer asks for."""
    status = document.get("status") if isinstance(document, dict) else None
    code = status.get("code") if isinstance(status, dict) else None
    return code if type(code) is int and 200 <= code <= 999 else 200


class _Timed:
    """Tells the listener how long a call took, and how it ended."""

    __slots__ = ("_listener", "_method", "_node", "_started")

    def __init__(self, listener: Listener, node: str, method: Method) -> None:
        self._listener = listener
        self._node = node
        self._method = method

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._started
        self._listener.node_called(self._node, self._method.value, "post", _code(error), seconds)
        if isinstance(error, asyncio.CancelledError) and not _is_stopped():
            what = "the component waited for a task that was cancelled"
            raise UnitFailed(self._node, self._method.name.lower(), what) from error


def _is_stopped() -> bool:
    """Whether the request itself is being cancelled: that error belongs to nobody here."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _code(error: BaseException | None) -> str:
    match error:
        case None:
            return "200"
        case PayloadError():
            return "400"
        case UnitFailed():
            return str(error.status)
    return "500"
