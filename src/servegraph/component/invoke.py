"""How one method of a component is called, and how an answer is made of what it returned.

Which methods are called, and with what, is the caller's part (`caller`).
"""

from typing import Any

import numpy as np

from servegraph.component import whole
from servegraph.component.answer import answer
from servegraph.component.author import SeldonResponse, is_response, says_absent
from servegraph.component.contract import Component, Hook, Hooks, Method
from servegraph.component.failure import Failures
from servegraph.component.meta import Identity, answered, own_path, passed_on
from servegraph.component.metrics import MetricSink, checked
from servegraph.errors import BAD_DATA, PayloadError, UnitFailed
from servegraph.payload import Feedback, Kind, Message, Meta
from servegraph.payload.envelope import Envelope, Transport
from servegraph.payload.numbers import LARGE

ABSENT = object()
_LABELS = {
    "predict": "predict",
    "transform_input": "inputtransform",
    "transform_output": "outputtransform",
    "route": "router",
    "aggregate": "aggregate",
    "send_feedback": "feedback",
    "health_status": "health",
}


class UserCode:
    """Calls methods of one component. All errors of user code leave as UnitFailed.

    Args:
        keeps_answers: whether the component promised not to write again to what it returned, as to a buffer of its own.
    """

    def __init__(
        self, component: Component, identity: Identity, sink: MetricSink, include_metrics: bool, keeps_answers: bool
    ) -> None:
        self._component = component
        self._identity = identity
        self._sink = sink
        self._include_metrics = include_metrics
        self._keeps_answers = keeps_answers
        self._failures = Failures(identity.unit, component.error_handler)
        self._own_path = own_path(identity)
        self._says_nothing = component.tags is None and component.metrics is None  # beside its answers

    async def call(self, method: str, hook: Hook, transport: Transport, *arguments: Any, **keywords: Any) -> Any:
        """What the method returns.

        Raises:
            PayloadError: it raised one, to say that the request is the caller's mistake.
            UnitFailed: it raised anything else.
        """
        try:
            returned = hook.call(*arguments, **keywords)
            return await returned if hook.is_async else returned
        except PayloadError:
            raise
        except (Exception, SystemExit) as error:  # a component must not end the process
            raise self._failures.of(method, error, transport) from error

    async def attempt(self, method: str, hook: Hook, transport: Transport, *arguments: Any, **keywords: Any) -> Any:
        """The same, or ABSENT where the method says that it is not implemented."""
        if not hook.is_async:
            return self.attempt_at_once(method, hook, transport, *arguments, **keywords)
        try:
            return await hook.call(*arguments, **keywords)
        except PayloadError:
            raise
        except (Exception, SystemExit) as error:
            return self._absent(method, error, transport)

    def attempt_at_once(self, method: str, hook: Hook, transport: Transport, *arguments: Any, **keywords: Any) -> Any:
        """The same of a method that is no coroutine function."""
        try:
            return hook.call(*arguments, **keywords)
        except PayloadError:
            raise
        except (Exception, SystemExit) as error:
            return self._absent(method, error, transport)

    def _absent(self, method: str, error: BaseException, transport: Transport) -> Any:
        if says_absent(error):
            return ABSENT
        raise self._failures.of(method, error, transport) from error

    async def whole(self, method: str, hooks: Hooks, transport: Transport, *arguments: Any) -> Envelope[Message] | None:
        """The answer of a method that gets the whole message; None where there is none after all."""
        older = hooks.older.get(transport)
        if older is not None:
            return self._whole_answer(method, await self.call(method, older, transport, *arguments), transport)
        if hooks.raw is None:
            return None
        returned = await self.attempt(method, hooks.raw, transport, *arguments)
        if returned is ABSENT:
            return None
        return self._counted(method, returned, transport)

    def _whole_answer(self, method: str, returned: Any, transport: Transport) -> Envelope[Message]:
        try:
            return whole.answered(returned, transport)
        except AttributeError as error:
            raise self._failures.of(method, error, transport) from error

    async def whole_feedback(self, hooks: Hooks, feedback: Envelope[Feedback]) -> Envelope[Message] | None:
        """The same for feedback, which is a protobuf over HTTP, too."""
        method, transport = "send_feedback", feedback.transport
        older = hooks.older.get(transport)
        if older is not None:
            returned = await self.call(method, older, transport, whole.feedback_argument(feedback, as_text=True))
            return whole.printed(whole.answered_feedback(returned), transport)
        if hooks.raw is None:
            return None
        returned = await self.attempt(method, hooks.raw, transport, whole.feedback_argument(feedback, as_text=False))
        return None if returned is ABSENT else whole.printed(self._counted(method, returned, "grpc"), transport)

    def _counted(self, method: str, returned: Any, transport: Transport) -> Envelope[Message]:
        answer = self._whole_answer(method, returned, transport)
        answer, metrics = whole.metrics_of(answer, _LABELS[method], self._include_metrics)
        if metrics:
            self._sink.custom_metrics(self._identity.unit, _LABELS[method], metrics)
        return answer

    def answer(
        self, method: str, returned: Any, request: Kind | None, incoming: Meta, transport: Transport
    ) -> Envelope[Message]:
        """The message of what a method returned.

        Args:
            request: the kind of the message that is being answered.
            incoming: what the answer's `meta` starts from.

        Raises:
            UnitFailed: it is of no kind that a message carries, or its tags, metrics or names are not.
        """
        value, tags, metrics = (returned, None, None) if type(returned) is np.ndarray else _parts(returned)
        if not self._keeps_answers and isinstance(value, np.ndarray) and value.nbytes > LARGE:
            value = value.copy()  # it is printed in a thread, while the component may be called again
        try:
            if self._says_nothing and tags is None and metrics is None:
                meta = passed_on(self._own_path, incoming)
            else:
                meta = self._meta(_LABELS[method], incoming, tags, metrics)
            return answer(value, request, self._component.current_class_names, transport, meta)
        except Exception as error:
            raise self._failures.of(method, error, transport) from error

    def routed(self, returned: Any, request: Message, transport: Transport) -> Envelope[Message]:
        """The message of the branch that a router returned; raises as `answer`."""
        branch, tags, metrics = _parts(returned)
        if not isinstance(branch, int):
            what = f"Routing response must be int but got {branch}"
            raise UnitFailed(self._identity.unit, "route", what, status=400, reason=BAD_DATA)
        response = SeldonResponse([[branch]], tags, metrics)
        return self.answer("route", response, request.kind, Meta(puid=request.meta.puid), transport)

    def answer_feedback(self, returned: Any, request: Message, transport: Transport) -> Envelope[Message]:
        """The message of what `send_feedback` returned: a protobuf's over HTTP, too; raises as `answer`."""
        found = self.answer("send_feedback", returned, request.kind, Meta(puid=request.meta.puid), "grpc")
        try:
            return whole.printed(found, transport)
        except (TypeError, ValueError) as error:
            raise self._failures.of("send_feedback", error, transport) from error

    def _meta(self, label: str, incoming: Meta, tags: Any, metrics: Any) -> Meta:
        component = self._component
        own = None if component.tags is None else _asked(component.tags)
        if component.metrics is None and metrics is None:
            return answered(self._own_path, incoming, (own, tags))
        reported = [] if component.metrics is None else checked(_asked(component.metrics, []), label)
        if metrics is not None:
            reported = reported + checked(metrics, label)
        if reported:
            self._sink.custom_metrics(self._identity.unit, label, reported)
        return answered(self._own_path, incoming, (own, tags), reported if self._include_metrics else ())


def _parts(returned: Any) -> tuple[Any, Any, Any]:
    """What a method returned, and the tags and metrics that it returned along with it."""
    return (returned.data, returned.tags, returned.metrics) if is_response(returned) else (returned, None, None)


def _asked(method: Method, absent: Any = None) -> Any:
    try:
        return method()
    except Exception as error:
        if says_absent(error):
            return absent
        raise
