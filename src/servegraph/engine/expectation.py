"""Check the rows against what a node's artifact was trained on, before the component sees them.

A wrong width is the caller's mistake and must read like one; whole numbers become floats here,
as JSON cannot say 5.0 and MLflow signatures refuse an int where a double is expected. A `null`
among numbers is a missing value, NaN.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload
from servegraph.payload import Message
from servegraph.payload.message import ARRAY_KINDS

_FLOAT = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a node's artifact takes: float rows of `width` features."""

    node: str
    width: int

    def fit(self, message: Message) -> Message:
        """The message with float64 rows of shape (n, width), n >= 1.

        Raises:
            InvalidPayload: other kinds, other shapes, or values that are no numbers.
        """
        rows = message.value
        if (
            message.kind in ARRAY_KINDS
            and rows.dtype is _FLOAT
            and rows.ndim == 2
            and rows.shape[1] == self.width
            and len(rows)
        ):
            return message
        if not message.is_array or not (rows.dtype.kind in "fiub" or _has_missing_values(rows)):
            raise InvalidPayload(f"node {self.node!r} takes rows of {self.width} numbers", hint="send data.ndarray")
        if rows.ndim != 2 or rows.shape[1] != self.width or rows.shape[0] == 0:
            sent = " x ".join(str(size) for size in rows.shape) or "no dimension"
            raise InvalidPayload(
                f"node {self.node!r} takes rows of {self.width} numbers, got an array of {sent}",
                hint=f"send one list of {self.width} numbers a row",
            )
        return replace(message, value=_floats(rows))


def _has_missing_values(rows: NDArray[Any]) -> bool:
    return rows.dtype == object and all(value is None or type(value) in (int, float) for value in rows.flat)


def _floats(rows: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return rows.astype(np.float64)
    except OverflowError as error:
        raise InvalidPayload("data.ndarray has a number that no float64 holds") from error
