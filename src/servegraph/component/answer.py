"""From what a component returned to a message.

Source:
    The component server's table of return kinds: numbers answer in the kind of the request
    (a tensor when the request had no array), other lists as ndarray, str, bytes and dict as
    themselves; names are the class names, or `t:0`, `t:1`, ..., never the request's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from servegraph.errors import ServeGraphError
from servegraph.payload import Kind, Message, Meta


class UnusableAnswer(ServeGraphError):
    """A component returned something that no kind of message carries."""


def answer(value: Any, request: Message, class_names: Sequence[str] | None, meta: Meta) -> Message:
    """The message for a component's return value.

    Raises:
        UnusableAnswer: the value is of no kind that Seldon knows.
    """
    match value:
        case np.ndarray():
            return _array(value, request, class_names, meta)
        case list():
            return _array(np.array(value), request, class_names, meta)
        case str():
            return Message("strData", value, meta=meta)
        case bytes() | bytearray():
            return Message("binData", bytes(value), meta=meta)
        case dict():
            return Message("jsonData", value, meta=meta)
    raise UnusableAnswer(f"returned a {type(value).__name__}; return an array, list, str, bytes or dict")


def _array(array: Any, request: Message, class_names: Sequence[str] | None, meta: Meta) -> Message:
    kind: Kind = "ndarray"
    if array.dtype.kind in "iuf":
        kind = request.kind if request.kind in ("tensor", "ndarray") else "tensor"
    return Message(kind, array, _names(array, class_names), meta)


def passed_on(request: Message, class_names: Sequence[str] | None, meta: Meta) -> Message:
    """The message of a component that has no method for it: the same value, of the same kind."""
    names = _names(request.value, class_names) if request.is_array else []
    return Message(request.kind, request.value, names, meta)


def _names(array: Any, class_names: Sequence[str] | None) -> list[str]:
    if array.ndim < 2:
        return []
    if class_names is not None:
        return list(class_names)
    return [f"t:{column}" for column in range(array.shape[1])]
