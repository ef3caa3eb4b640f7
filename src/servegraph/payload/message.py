"""A Seldon message, decoded once: what the fronts read, the engine passes on and the fronts write.

Nothing here knows JSON, protobuf or graphs.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload

Kind = Literal["tensor", "ndarray", "strData", "binData", "jsonData"]
ARRAY_KINDS = frozenset(("tensor", "ndarray"))
MAX_DIMENSIONS = 32  # numpy's
MAX_SIZE = 2**31 - 1  # shapes are int32 in protobuf


@dataclass(slots=True)
class Meta:
    """`meta` of a message: identity, tags, and the way it took through the graph."""

    puid: str = ""
    tags: dict[str, Any] = field(default_factory=dict)
    routing: dict[str, int] = field(default_factory=dict)
    request_path: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """One payload of one kind.

    Shape:
        value: a numpy array for `tensor` and `ndarray`, str for `strData`, bytes for `binData`,
        any JSON value for `jsonData`, None when `kind` is None (a message without data).
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


def array_of(nested: Any) -> NDArray[Any]:
    """A numpy array of nested JSON lists; `null` among numbers becomes NaN.

    Mixed content keeps its Python objects. Ints stay ints: who needs floats widens them.

    Raises:
        InvalidPayload: the lists are ragged, or nested deeper than arrays can be.
    """
    try:
        array = np.array(nested)
    except ValueError as error:
        deep = "number of dimension" in str(error)
        what = f"is nested over {MAX_DIMENSIONS} deep" if deep else "has rows of different lengths"
        raise InvalidPayload(f"data.ndarray {what}") from error
    if array.dtype == object:
        return _with_missing_values(array)
    return array


def _with_missing_values(array: NDArray[Any]) -> NDArray[Any]:
    values = array.ravel()
    if not all(value is None or type(value) in (int, float) for value in values):
        return array
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise InvalidPayload("data.ndarray has a number that no float64 holds") from error


def tensor_of(shape: Any, values: Any) -> NDArray[np.float64]:
    """The float64 array of a Seldon tensor: row-major `values` laid out in `shape`.

    Raises:
        InvalidPayload: the values are no numbers, or do not fill the shape exactly.
    """
    try:
        flat = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidPayload("data.tensor.values must be a flat list of numbers") from error
    if flat.ndim != 1:
        raise InvalidPayload("data.tensor.values must be a flat list of numbers")
    dimensions = _dimensions(shape)
    if int(np.prod(dimensions, dtype=object)) != flat.size:
        raise InvalidPayload(f"data.tensor.shape {list(dimensions)} does not hold the {flat.size} values sent")
    return flat.reshape(dimensions)


def _dimensions(shape: Any) -> tuple[int, ...]:
    try:
        dimensions = tuple(shape)
    except TypeError:
        dimensions = (None,)
    if not all(type(size) is int and 0 <= size <= MAX_SIZE for size in dimensions):
        raise InvalidPayload("data.tensor.shape must be a list of whole numbers, none negative")
    if len(dimensions) > MAX_DIMENSIONS:
        raise InvalidPayload(f"data.tensor.shape has {len(dimensions)} dimensions; {MAX_DIMENSIONS} are possible")
    return dimensions
