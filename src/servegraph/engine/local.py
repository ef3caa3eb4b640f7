"""A node whose component runs in this process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
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
        self._asks = {method: caller.ask(hook) for method, hook in _HOOKS.items()}
        self._succeeded: dict[Method, Callable[[float], None]] = {}  # what counts a method's calls

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        started = perf_counter()
        try:
            asked = self._asks[method](request)
            answer = asked if isinstance(asked, Envelope) else await asked
        except BaseException as error:
            asked = None  # the error would keep what was waited for, and with it the message
            self._failed(method, started, error)
            raise
        (self._succeeded.get(method) or self._counter(method))(perf_counter() - started)
        return answer if answer.is_decoded else self._checked(method, answer)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        answer = await self._timed(Method.ROUTE, self._caller.route(own_message(request)))
        return branch_of_message(self._node, answer.value())

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        messages = Envelope(MESSAGES, requests[0].transport, value=[request.value() for request in requests])
        return await self._timed(Method.AGGREGATE, self._caller.aggregate(messages))

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        return await self._timed(Method.SEND_FEEDBACK, self._caller.send_feedback(own_feedback(feedback)))

    async def _timed[T](self, method: Method, asked: Awaitable[T]) -> T:
        started = perf_counter()
        try:
            result = await asked
        except BaseException as error:
            self._failed(method, started, error)
            raise
        self._counter(method)(perf_counter() - started)
        return result

    def _counter(self, method: Method) -> Callable[[float], None]:
        found = self._succeeded.get(method)
        if found is None:
            found = self._succeeded[method] = self._listener.node_calls(self._node, method.value, "post", "200")
        return found

    def _failed(self, method: Method, started: float, error: BaseException) -> None:
        """Count it; raises UnitFailed where a component waited for something that was cancelled."""
        self._listener.node_called(self._node, method.value, "post", _code(error), perf_counter() - started)
        if isinstance(error, asyncio.CancelledError) and not _is_stopped():
            what = "the component waited for a task that was cancelled"
            raise UnitFailed(self._node, method.name.lower(), what) from error

    def _checked(self, method: Method, answer: Envelope[Message]) -> Envelope[Message]:
        """An answer, unless its component chose its HTTP status: for a graph any but 200 is an error."""
        if method is not Method.PREDICT or answer.transport == "grpc":
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


def _is_stopped() -> bool:
    """Whether the request itself is being cancelled: that error belongs to nobody here."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _code(error: BaseException) -> str:
    match error:
        case PayloadError():
            return "400"
        case UnitFailed():
            return str(error.status)
    return "500"
