"""The nodes that need no component: the built-in implementations of a SeldonDeployment.

Source:
    RANDOM_ABTEST draws uniformly, as Seldon's executor does (`ratioA` counts only as the sole
    parameter). The other three were parts of Seldon's first engine and are accepted, and do
    nothing, since; here they work: SIMPLE_MODEL answers with fixed numbers, SIMPLE_ROUTER asks
    the first child, AVERAGE_COMBINER answers with the mean of its children's arrays.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from servegraph.component.meta import merged
from servegraph.engine.context import Context
from servegraph.engine.unit import Method
from servegraph.errors import BAD_DATA, InvalidRoute, UnitFailed
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.spec import Implementation, PredictiveUnit


class BuiltIn:
    """Implements `Unit`: passes everything on. Its kinds change one method each."""

    def __init__(self, unit: PredictiveUnit) -> None:
        self._name = unit.name

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        return request

    async def route(self, request: Envelope[Message], context: Context) -> int:
        return 0

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        return requests[0]

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        return Envelope(MESSAGE, feedback.transport, value=Message())

    async def health(self, context: Context) -> Envelope[Message]:
        return Envelope(MESSAGE, "rest", value=Message("strData", "healthy"))

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        return {"name": self._name, "versions": [], "platform": "servegraph", "inputs": [], "outputs": []}

    async def ready(self, thorough: bool) -> bool:
        return True


class RandomAbTest(BuiltIn):
    """Asks the first of two children with the probability `ratioA`, else the second."""

    def __init__(self, unit: PredictiveUnit) -> None:
        super().__init__(unit)
        sole = unit.parameters[0] if len(unit.parameters) == 1 else None
        self._ratio = sole.value if sole is not None and sole.name == "ratioA" else "0.5"
        self._threshold = _number(self._ratio)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        if self._threshold is None:
            text = f'strconv.ParseFloat: parsing "{self._ratio}": invalid syntax'
            raise InvalidRoute(self._name, "route", text)
        return 0 if random.random() < self._threshold else 1


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class SimpleModel(BuiltIn):
    """Answers every request with the same three numbers; a stand-in while a graph is being built."""

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        names = ["class0", "class1", "class2"]
        puid = request.value().meta.puid
        return request.with_value(Message("tensor", np.array([[0.1, 0.9, 0.5]]), names, Meta(puid=puid)))


class SimpleRouter(BuiltIn):
    """Asks the first child, always."""


class AverageCombiner(BuiltIn):
    """Answers with the element-wise mean of what the children answered; kind and names are the first child's."""

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        messages = [request.value() for request in requests]
        first = messages[0]
        mean = self._mean(messages)
        return requests[0].with_value(replace(first, value=mean, meta=merged(messages)))

    def _mean(self, messages: Sequence[Message]) -> Any:
        for message in messages:
            if not message.is_array or message.value.dtype.kind not in "fiub":
                raise self._refused("every child must answer with numbers")
        shapes = {message.value.shape for message in messages}
        if len(shapes) > 1:
            raise self._refused(f"the children answered with arrays of different shapes: {sorted(shapes)}")
        return np.mean([np.asarray(message.value, dtype=np.float64) for message in messages], axis=0)

    def _refused(self, why: str) -> UnitFailed:
        return UnitFailed(self._name, "aggregate", f"AVERAGE_COMBINER: {why}", status=400, reason=BAD_DATA)


KINDS: Mapping[Implementation, type[BuiltIn]] = {
    Implementation.RANDOM_ABTEST: RandomAbTest,
    Implementation.SIMPLE_MODEL: SimpleModel,
    Implementation.SIMPLE_ROUTER: SimpleRouter,
    Implementation.AVERAGE_COMBINER: AverageCombiner,
}
