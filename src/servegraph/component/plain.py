"""A method that gets decoded values: what it is given, and how it is answered for where it says that it is absent."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from servegraph.component.contract import Hook
from servegraph.component.invoke import ABSENT, UserCode
from servegraph.component.meta import as_sent
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope, Transport


def keywords(hook: Hook, message: Message) -> Mapping[str, Any]:
    """What the method gets beside the values and their names."""
    return {"meta": as_sent(message.meta)} if hook.takes_meta else {}


def answered(code: UserCode, method: str, returned: Any, message: Message, transport: Transport) -> Envelope[Message]:
    """The answer of `predict`, `transform_input` or `transform_output`; raises as `UserCode.answer`."""
    if returned is ABSENT:
        returned = [] if method == "predict" else message.value
    return code.answer(method, returned, message.kind, message.meta, transport)


def bound(code: UserCode, method: str, hook: Hook) -> Callable[[Envelope[Message]], Envelope[Message]]:
    """What answers a request to such a method, if it is no coroutine function."""

    def ask(request: Envelope[Message]) -> Envelope[Message]:
        message, transport = request.value(), request.transport
        if hook.takes_meta:
            returned = code.attempt_at_once(
                method, hook, transport, message.value, message.names, meta=as_sent(message.meta)
            )
        else:
            returned = code.attempt_at_once(method, hook, transport, message.value, message.names)
        return answered(code, method, returned, message, transport)

    return ask


def driven[T](work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """The result of a coroutine that waits for nothing, without an event loop."""
    try:
        work(*arguments).send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("synchronous code waits for nothing")
