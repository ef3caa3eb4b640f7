"""A node that speaks Open Inference, in a graph whose other nodes speak Seldon's messages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from servegraph.engine import Context, Method, Unit
from servegraph.errors import InvalidPayload, UnitFailed
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.open_inference import OPEN_INFERENCE
from servegraph.payload.seldon import MESSAGE


class OpenInferenceUnit:
    """Implements `Unit` around the one that calls the node; tags and the path so far are kept, as it knows none."""

    def __init__(self, node: str, unit: Unit) -> None:
        self._node = node
        self._unit = unit

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        answer = await self._unit.transform(method, self._spoken(request), context)
        return self._understood(answer, request, method)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        return await self._unit.route(self._spoken(request), context)

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        answer = await self._unit.aggregate([self._spoken(request) for request in requests], context)
        return self._understood(answer, requests[0], Method.AGGREGATE)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        return Envelope(MESSAGE, feedback.transport, value=Message())  # the protocol has none

    async def health(self, context: Context) -> Envelope[Message]:
        return await self._unit.health(context)

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        return await self._unit.metadata(context)

    async def ready(self, thorough: bool) -> bool:
        return await self._unit.ready(thorough)

    def _spoken(self, request: Envelope[Message]) -> Envelope[Message]:
        return Envelope(OPEN_INFERENCE, request.transport, value=request.value())

    def _understood(self, answer: Envelope[Message], request: Envelope[Message], method: Method) -> Envelope[Message]:
        try:
            message = answer.value()
        except InvalidPayload as error:
            what = f"answered with no inference response: {error}"
            raise UnitFailed(self._node, method.name.lower(), what) from error
        return Envelope(MESSAGE, request.transport, value=replace(message, meta=request.value().meta))
