"""What a client of the graph does, whatever the protocol, and what it understands of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from servegraph.payload import Message
from servegraph.traffic.stream import Rows

TIMEOUT_S = 10.0
"""How long an answer may take before the request counts as failed."""


class RequestFailed(Exception):
    """One request failed. `reason` is what it is counted under, the text is what the server said."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """One row's answer: who it is, the way it took, its tags, and the column of the highest probability."""

    puid: str
    routing: Mapping[str, int]
    tags: Mapping[str, Any]
    predicted: int


class Client(Protocol):
    """Both methods raise RequestFailed, and nothing else."""

    async def predict(self, values: Rows) -> Answer:
        """Ask for one row of shape (features,)."""

    async def send_feedback(self, puid: str, reward: float, label: int) -> None:
        """Reward an earlier answer, and tell the true class."""


def read_answer(message: Message) -> Answer:
    """The answer to one row.

    Raises:
        RequestFailed: it is not one row of numbers.
    """
    value = message.value
    if (
        not message.is_array
        or value.ndim != 2
        or value.shape[0] != 1
        or not value.size
        or value.dtype.kind not in "fiu"
    ):
        raise RequestFailed(
            "unreadable answer", f"one row of probabilities is expected, got {message.kind}: {value!r:.80}"
        )
    meta = message.meta
    return Answer(meta.puid, meta.routing, meta.tags, int(np.argmax(value[0])))
