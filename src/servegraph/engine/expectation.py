"""Check the rows against what a node's artifact was trained on, before the component sees them.

A wrong width is the caller's mistake and must read like one; whole numbers become floats here,
as JSON cannot say 5.0 and MLflow signatures refuse an int where a double is expected.
"""

from dataclasses import dataclass

import numpy as np

from servegraph.errors import InvalidPayload
from servegraph.payload import Message


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
        if not message.is_array or rows.dtype.kind not in "fiub":
            raise InvalidPayload(f"node {self.node!r} takes rows of {self.width} numbers", hint="send data.ndarray")
        if rows.ndim != 2 or rows.shape[1] != self.width or rows.shape[0] == 0:
            sent = " x ".join(str(size) for size in rows.shape) or "no dimension"
            raise InvalidPayload(
                f"node {self.node!r} takes rows of {self.width} numbers, got an array of {sent}",
                hint=f"send one list of {self.width} numbers a row",
            )
        if rows.dtype == np.float64:
            return message
        return Message(message.kind, rows.astype(np.float64), message.names, message.meta)
