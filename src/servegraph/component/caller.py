"""The one place where user code is called, for nodes in our process and for the component server alike.

Nothing here knows graphs, HTTP or gRPC beyond the word that says which of them the client spoke.

Source:
    Seldon's component server: in which order methods are looked for, what absent ones answer, and
    the words of its errors.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from servegraph.component import plain, whole
from servegraph.component.author import says_absent
from servegraph.component.batching import Ask, Batches
from servegraph.component.contract import Component, Hook, Hooks
from servegraph.component.failure import Failures
from servegraph.component.invoke import ABSENT, UserCode
from servegraph.component.meta import Identity, merged
from servegraph.component.metadata import is_valid, metadata_of
from servegraph.component.metrics import MetricSink
from servegraph.component.row_wise import promised
from servegraph.errors import BAD_DATA, BAD_METADATA, UnitFailed
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope, Transport

_UNNAMED = "0"  # under which a router without a name finds its branch in feedback


class Caller:
    """Calls the methods of one component. All may raise PayloadError and UnitFailed.

    Requests to a component that promises to work row by row (`row_wise`) may be answered together.

    Args:
        pool: where synchronous user code runs; None for the event loop's own thread. A request is
            one piece of work there, so that with one thread a component sees one request at a time.
        include_metrics: whether answers carry the component's metrics, which are counted anyway.
        metadata_overlay: YAML that overrides what the component says of itself.
    """

    def __init__(
        self,
        component: Component,
        identity: Identity,
        sink: MetricSink,
        pool: Executor | None = None,
        *,
        include_metrics: bool = True,
        metadata_overlay: str = "",
    ) -> None:
        self._component = component
        self._identity = identity
        self._sink = sink
        self._pool = pool
        self._row_wise = promised(component, identity.unit)
        self._code = UserCode(component, identity, sink, include_metrics, keeps_answers=bool(self._row_wise))
        self._batches = Batches(identity.unit, self._code, pool) if self._row_wise else None
        self._asks = {method: self._asker(method) for method in ("predict", "transform_input", "transform_output")}
        self._metadata_overlay = metadata_overlay
        self._metadata: Mapping[str, Any] | None = None

    def ask(self, method: str) -> Ask:
        """What `transform` does, without a detour through coroutines where all that is called is plain and ours."""
        return self._asks[method]

    def _asker(self, method: str) -> Ask:
        hooks: Hooks = getattr(self._component, method)
        hook = hooks.plain
        if hook is None or hooks.is_async or hooks.takes_whole:
            return partial(self._run, hooks, self._transform, method, hooks)
        prompt = plain.bound(self._code, method, hook)
        if self._batches is not None and method in self._row_wise:
            return self._batches.asker(method, hook, prompt)
        if self._batches is not None or self._pool is not None:
            return partial(self._run, hooks, self._transform, method, hooks)
        return prompt

    async def transform(self, method: str, request: Envelope[Message]) -> Envelope[Message]:
        """The answer of `predict`, `transform_input` or `transform_output`."""
        asked = self._asks[method](request)
        try:
            return asked if isinstance(asked, Envelope) else await asked
        finally:
            del asked  # an error would keep what was waited for, and with it the message

    async def _transform(self, method: str, hooks: Hooks, request: Envelope[Message]) -> Envelope[Message]:
        code, transport = self._code, request.transport
        if hooks.takes_whole:
            found = await code.whole(method, hooks, transport, whole.argument(request))
            if found is not None:
                return found
        message, returned, hook = request.value(), ABSENT, hooks.plain
        if hook is not None:
            keywords = plain.keywords(hook, message)
            returned = await code.attempt(method, hook, transport, message.value, message.names, **keywords)
        return plain.answered(code, method, returned, message, transport)

    async def route(self, request: Envelope[Message]) -> Envelope[Message]:
        """The number of a child, as `[[number]]`."""
        return await self._run(self._component.route, self._route, request)

    async def _route(self, request: Envelope[Message]) -> Envelope[Message]:
        code, hooks, transport = self._code, self._component.route, request.transport
        if hooks.takes_whole:
            found = await code.whole("route", hooks, transport, whole.argument(request))
            if found is not None:
                return found
        message, hook = request.value(), self._required("route", hooks)
        keywords = plain.keywords(hook, message)
        returned = await code.call("route", hook, transport, message.value, message.names, **keywords)
        return code.routed(returned, message, transport)

    async def aggregate(self, requests: Envelope[list[Message]]) -> Envelope[Message]:
        """One answer for the answers of many."""
        return await self._run(self._component.aggregate, self._aggregate, requests)

    async def _aggregate(self, requests: Envelope[list[Message]]) -> Envelope[Message]:
        code, hooks, transport = self._code, self._component.aggregate, requests.transport
        if hooks.takes_whole:
            found = await code.whole("aggregate", hooks, transport, whole.argument(requests))
            if found is not None:
                return found
        messages, hook = requests.value(), self._required("aggregate", hooks)
        values, names = [message.value for message in messages], [message.names for message in messages]
        returned = await code.call("aggregate", hook, transport, values, names)
        if not messages:
            raise UnitFailed(self._identity.unit, "aggregate", "list index out of range")
        return code.answer("aggregate", returned, messages[0].kind, merged(messages), transport)

    def _required(self, method: str, hooks: Hooks) -> Hook:
        if hooks.plain is None:
            what = (
                f"{method} is not implemented" if self._component.extends_seldons else f"{method.title()} not defined"
            )
            raise UnitFailed(self._identity.unit, method, what, status=400, reason=BAD_DATA)
        return hooks.plain

    async def send_feedback(self, feedback: Envelope[Feedback]) -> Envelope[Message]:
        """The answer to a reward; over REST in protobuf's own JSON."""
        answer = await self._run(self._component.send_feedback, self._send_feedback, feedback)
        reward = feedback.value().reward
        if reward:
            self._sink.reward(self._identity.unit, reward)
        return answer

    async def _send_feedback(self, feedback: Envelope[Feedback]) -> Envelope[Message]:
        hooks, transport = self._component.send_feedback, feedback.transport
        if hooks.takes_whole:
            found = await self._code.whole_feedback(hooks, feedback)
            if found is not None:
                return found
        value, returned = feedback.value(), None
        if hooks.plain is not None:
            routing = value.response.meta.routing.get(self._identity.unit or _UNNAMED)
            arguments = (_array(value.request), value.request.names, value.reward, _array(value.truth))
            returned = await self._code.attempt("send_feedback", hooks.plain, transport, *arguments, routing=routing)
        if returned is None or returned is ABSENT:
            returned = []
        return self._code.answer_feedback(returned, value.request, transport)

    async def health(self, transport: Transport) -> Envelope[Message]:
        """What the component says of its health."""
        return await self._run(self._component.health_status, self._health, transport)

    async def _health(self, transport: Transport) -> Envelope[Message]:
        code, hooks = self._code, self._component.health_status
        if hooks.takes_whole:
            found = await code.whole("health_status", hooks, transport)
            if found is not None:
                return found
        returned: Any = "not implemented - assuming healthy" if self._component.extends_seldons else "healthy"
        if hooks.plain is not None:
            returned = await code.attempt("health_status", hooks.plain, transport)
        if returned is ABSENT:
            returned = "not implemented - assuming healthy"
        return code.answer("health_status", returned, None, Meta(), transport)

    def metadata(self) -> Mapping[str, Any]:
        """What the component says of itself; it is asked once."""
        if self._metadata is None:
            self._metadata = metadata_of(self._own_metadata(), self._metadata_overlay, self._identity.image)
        if not is_valid(self._metadata):
            unit, what = self._identity.unit, "Model metadata unavailable"
            raise UnitFailed(unit, "init_metadata", what, reason=BAD_METADATA)
        return self._metadata

    def _own_metadata(self) -> Any:
        try:
            return self._component.init_metadata() if self._component.init_metadata else None
        except Exception as error:
            if says_absent(error):
                return None
            raise Failures(self._identity.unit, None).of("init_metadata", error, "rest") from error

    async def _run[T](self, hooks: Hooks, work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        if hooks.is_async:
            return await work(*arguments)
        if self._pool is not None:
            return await asyncio.get_running_loop().run_in_executor(self._pool, plain.driven, work, *arguments)
        if self._batches is not None and self._batches.is_in_thread:
            return await self._batches.in_turn(plain.driven, work, *arguments)
        return await work(*arguments)


def _array(message: Message) -> Any:
    return message.value if message.is_array else np.array([])
