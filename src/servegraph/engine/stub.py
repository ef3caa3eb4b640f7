"""A stand-in for a node that cannot run here, so that the rest of its graph can."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.component.meta import merged
from servegraph.engine.builtin import BuiltIn
from servegraph.engine.context import Context
from servegraph.engine.unit import Method
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope
from servegraph.spec import PredictiveUnit

_NUMBERS = (0.1, 0.9, 0.5)
_NAMES = ("class0", "class1", "class2")


class Stub(BuiltIn):
    """Implements `Unit`, and `Tap` to mark what passes: a transformer changes nothing, a router takes the
    first child, a combiner the first answer, and a model says the same numbers for every row.

    Args:
        outputs: names of the columns that the model would answer with; None where nothing says.
    """

    def __init__(self, unit: PredictiveUnit, outputs: Sequence[str] | None = None) -> None:
        super().__init__(unit)
        self._names = list(_NAMES if outputs is None else outputs)
        self._numbers = _NUMBERS if outputs is None else (0.5,) * len(outputs)
        self._tags = {unit.name: "stub"}

    def see(self, rows: NDArray[Any], names: Sequence[str]) -> None:
        """Rows that pass are none of its business."""

    def tags(self) -> Mapping[str, Any]:
        """Every answer says which of its nodes were stand-ins."""
        return self._tags

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        if method is not Method.PREDICT:
            return request
        message = request.value()
        rows = len(message.value) if message.is_array and message.value.ndim > 1 else 1
        kind = message.kind if message.is_array else "tensor"
        return request.with_value(
            replace(message, kind=kind, value=np.array([self._numbers] * rows), names=list(self._names))
        )

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        messages = [request.value() for request in requests]
        return requests[0].with_value(replace(messages[0], meta=merged(messages)))
