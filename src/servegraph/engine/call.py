"""The one place where a component is invoked: timing, meta, and whose fault a failure is."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from servegraph.component import Component, Hook, UnusableAnswer, answer, passed_on
from servegraph.engine.events import Listener
from servegraph.errors import InvalidRoute, PayloadError, UnitFailed
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.wire_json import encode_meta


class Caller:
    """Calls the hooks of one node's component."""

    def __init__(self, node: str, image: str, component: Component, listener: Listener) -> None:
        self._node = node
        self._image = image
        self._component = component
        self._listener = listener

    async def transform(self, hook: Hook | None, service: str, message: Message) -> Message:
        """The component's answer to a message; a missing hook answers with the value unchanged."""
        if hook is None:
            return passed_on(message, self._component.class_names, self._meta(message.meta, service))
        value = await self._invoke(hook, service, (message.value, message.names), message.meta)
        return self._answer(value, service, message, message.meta)

    async def route(self, hook: Hook, message: Message) -> int:
        """The branch that the component chose.

        Raises:
            InvalidRoute: it answered with something else than a whole number.
        """
        branch = await self._invoke(hook, "/route", (message.value, message.names), message.meta)
        if not isinstance(branch, int):
            raise InvalidRoute(self._node, "route", f"returned {branch!r}; return the number of a child")
        return int(branch)

    async def aggregate(self, hook: Hook, messages: Sequence[Message]) -> Message:
        """The component's one answer for the answers of all children."""
        values = [message.value for message in messages]
        names = [message.names for message in messages]
        value = await self._invoke(hook, "/aggregate", (values, names), None)
        return self._answer(value, "/aggregate", messages[0], _merged(messages))

    async def feedback(self, hook: Hook, feedback: Feedback, branch: int | None) -> None:
        """Tell the component the reward; `branch` is what it chose, if it is a router."""
        features, names = _array(feedback.request), feedback.request.names
        arguments = (features, names, feedback.reward, _array(feedback.truth))
        await self._invoke(hook, "/send-feedback", arguments, branch)

    async def _invoke(self, hook: Hook, service: str, arguments: Sequence[Any], extra: Meta | int | None) -> Any:
        started = perf_counter()
        code = "500"
        try:
            value = hook.call(*arguments, **_keyword(hook, service, extra))
            if hook.is_async:
                value = await value
            code = "200"
            return value
        except PayloadError:
            code = "400"
            raise
        except Exception as error:
            raise UnitFailed(self._node, service[1:], f"{type(error).__name__}: {error}") from error
        finally:
            self._listener.node_called(self._node, service, code, perf_counter() - started)

    def _answer(self, value: Any, service: str, request: Message, meta: Meta) -> Message:
        try:
            return answer(value, request, self._component.class_names, self._meta(meta, service))
        except (UnusableAnswer, ValueError) as error:
            raise UnitFailed(self._node, service[1:], str(error)) from error

    def _meta(self, meta: Meta, service: str) -> Meta:
        component = self._component
        try:
            tags = component.tags() if component.tags else None
            metrics = component.metrics() if component.metrics else None
            return Meta(
                puid=meta.puid,
                tags={**meta.tags, **tags} if tags else meta.tags,
                request_path={self._node: self._image, **meta.request_path},
                metrics=meta.metrics + list(metrics) if metrics else meta.metrics,
            )
        except Exception as error:
            what = f"tags() or metrics(): {type(error).__name__}: {error}"
            raise UnitFailed(self._node, service[1:], what) from error


def _array(message: Message) -> Any:
    return message.value if message.is_array else np.array([])


def _keyword(hook: Hook, service: str, extra: Meta | int | None) -> Mapping[str, Any]:
    if not hook.takes_meta:
        return {}
    if service == "/send-feedback":
        return {"routing": extra}
    return {"meta": encode_meta(extra) if isinstance(extra, Meta) else None}


def _merged(messages: Sequence[Message]) -> Meta:
    merged = Meta(puid=messages[0].meta.puid)
    for message in messages:
        merged.tags = {**merged.tags, **message.meta.tags}
        merged.request_path = {**merged.request_path, **message.meta.request_path}
        merged.metrics = merged.metrics + message.meta.metrics
    return merged
