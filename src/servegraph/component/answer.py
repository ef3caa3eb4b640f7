"""From what a component returned to a message.

Source:
    The component server's table of return kinds: numbers answer in the kind of the request
    (a tensor when the request had no array), other lists as ndarray, str, bytes and dict as
    themselves; names are the class names, or `t:0`, `t:1`, ..., never the request's. Over gRPC
    other values fail with the text of a TypeError, and so they do here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from google.protobuf import any_pb2
from numpy.typing import NDArray

from servegraph.component.author import says_absent
from servegraph.errors import MalformedArray, ServeGraphError
from servegraph.payload import Kind, Message, Meta
from servegraph.payload.arrays import array_of
from servegraph.payload.envelope import Envelope, Transport
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_json import document_of_meta

_UNKNOWN = "Unknown data type returned as payload (must be list or np array):"
_UNKNOWN_IN_GRPC = "Unknown data type returned as payload:"
_USUAL_WIDTH = 1000  # names of wider arrays are not worth their memory


class UnusableAnswer(ServeGraphError):
    """A component returned something that no kind of message carries."""


def answer(
    value: Any, request: Kind | None, class_names: Callable[[], Any], transport: Transport, meta: Meta
) -> Envelope[Message]:
    """The message for a component's return value.

    Args:
        request: the kind of the message that is being answered.
        class_names: asked for the names of the columns, if there are any; None stands for `t:0`, `t:1`, ...

    Raises:
        UnusableAnswer: the value is of no kind that Seldon knows.
        TypeError, ValueError: likewise, in the words of the library that cannot carry it.
    """
    match value:
        case np.ndarray():
            return Envelope(MESSAGE, transport, value=_of_array(value, request, class_names, meta))
        case list():
            return _of_list(value, request, class_names, transport, meta)
        case str():
            message = Message("strData", value, meta=meta)
        case bytes():
            message = Message("binData", value, meta=meta)
        case dict():
            message = Message("jsonData", value, meta=meta)
        case _:
            message = _of_others(value, transport, meta)
    return Envelope(MESSAGE, transport, value=message)


def _of_list(
    nested: list[Any], request: Kind | None, class_names: Callable[[], Any], transport: Transport, meta: Meta
) -> Envelope[Message]:
    message = _of_array(_array(nested), request, class_names, meta)
    if transport == "grpc" or message.value.dtype.kind != "U":
        return Envelope(MESSAGE, transport, value=message)
    # As an array numbers beside strings are strings; in JSON they are what they were.
    document = {"data": {"names": message.names, "ndarray": nested}, "meta": document_of_meta(meta)}
    return Envelope(MESSAGE, transport, value=message, document=document)


def _array(nested: list[Any]) -> NDArray[Any]:
    try:
        return array_of(nested)
    except MalformedArray as error:
        raise ValueError(str(error.__cause__)) from error


def _of_array(array: NDArray[Any], request: Kind | None, class_names: Callable[[], Any], meta: Meta) -> Message:
    kind: Kind = "ndarray"
    if array.dtype.kind in "iufc":
        kind = request if request in ("tensor", "tftensor", "ndarray") else "tensor"
    return Message(kind, array, _names(array, class_names), meta)


def _names(array: NDArray[Any], class_names: Callable[[], Any]) -> list[str]:
    if array.ndim < 2:
        return []
    try:
        names = class_names()
    except Exception as error:
        if not says_absent(error):
            raise
        names = None
    if names is not None:
        return list(names)
    width = array.shape[1]
    return list(_columns(width)) if width <= _USUAL_WIDTH else [f"t:{column}" for column in range(width)]


@lru_cache(maxsize=32)
def _columns(width: int) -> tuple[str, ...]:
    return tuple(f"t:{column}" for column in range(width))


def _of_others(value: Any, transport: Transport, meta: Meta) -> Message:
    if transport == "rest":
        if isinstance(value, bytearray):
            return Message("binData", bytes(value), meta=meta)
        raise UnusableAnswer(f"{_UNKNOWN}{value}")
    if getattr(getattr(value, "DESCRIPTOR", None), "full_name", "") == "google.protobuf.Any":
        return Message("customData", any_pb2.Any(type_url=value.type_url, value=value.value), meta=meta)
    if isinstance(value, bytearray):
        field, kind = "SeldonMessage.binData", type(value)
        what = f"{value!r} has type {kind}, but expected one of: (<class 'bytes'>,) for field {field}"
        raise TypeError(f"Cannot set seldon.protos.{field} to {value!r}: {what}")
    raise TypeError(_UNKNOWN_IN_GRPC + value)  # which cannot be added, and says so
