"""A Seldon message, decoded once: what the fronts read, the engine passes on and the fronts write.

Nothing here knows JSON, protobuf or graphs.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["tensor", "ndarray", "tftensor", "strData", "binData", "jsonData", "customData"]
ARRAY_KINDS = frozenset(("tensor", "ndarray", "tftensor"))
MAX_DIMENSIONS = 32  # numpy's
MAX_SIZE = 2**31 - 1  # shapes are int32 in protobuf
UNSENT: Any = object()


@dataclass(slots=True)
class Meta:
    """`meta` of a message: identity, tags, and the way it took through the graph.

    Attributes:
        sent: the JSON object this was read from, unknown members included, or None where a message
            came without; `UNSENT` for all that was made here or came over gRPC. Components see it.
    """

    puid: str = ""
    tags: dict[str, Any] = field(default_factory=dict)
    routing: dict[str, int] = field(default_factory=dict)
    request_path: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    sent: Any = field(default=UNSENT, repr=False, compare=False)


@dataclass(slots=True)
class Message:
    """One payload of one kind.

    Shape:
        value: a numpy array for `tensor`, `ndarray` and `tftensor`, str for `strData`, bytes for
        `binData`, any JSON value for `jsonData`, a `google.protobuf.Any` for `customData` (gRPC
        only), None when `kind` is None (a message without data).
    """

    kind: Kind | None = None
    value: Any = None
    names: list[str] = field(default_factory=list)
    meta: Meta = field(default_factory=Meta)

    @property
    def is_array(self) -> bool:
        return self.kind in ARRAY_KINDS


@dataclass(slots=True)
class Feedback:
    """A reward, and optionally the truth, for an earlier prediction."""

    request: Message
    response: Message
    truth: Message
    reward: float = 0.0
