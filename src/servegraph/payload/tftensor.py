"""TensorFlow's TensorProto to and from numpy, in protobuf and JSON, without TensorFlow.

Nothing here knows what message a tensor is part of.

Source:
    TensorFlow 2.12's rules for making and reading tensors. Elements come as bytes, row-major and
    little-endian, or as a list by type, whose last value stands for all that are missing; a list
    of none stands for zeros.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from google.protobuf import json_format
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.arrays import float_rows
from servegraph.payload.dimensions import dimensions
from servegraph.payload.schema import message_class

MAX_REPEATED = 1_048_576  # elements that a shorter list may stand for
_DT_STRING = 7
_DT_HALF = 19


@dataclass(frozen=True, slots=True)
class _Form:
    """How elements of one type travel: `field` holds a list of them, `as_bytes` says whether bytes are written."""

    dtype: np.dtype[Any]
    field: str
    as_bytes: bool = True


_FORMS = {
    1: _Form(np.dtype("<f4"), "float_val"),
    2: _Form(np.dtype("<f8"), "double_val"),
    3: _Form(np.dtype("<i4"), "int_val"),
    4: _Form(np.dtype("<u1"), "int_val"),
    5: _Form(np.dtype("<i2"), "int_val"),
    6: _Form(np.dtype("<i1"), "int_val"),
    8: _Form(np.dtype("<c8"), "scomplex_val", as_bytes=False),
    9: _Form(np.dtype("<i8"), "int64_val"),
    10: _Form(np.dtype("?"), "bool_val", as_bytes=False),
    17: _Form(np.dtype("<u2"), "int_val", as_bytes=False),
    18: _Form(np.dtype("<c16"), "dcomplex_val", as_bytes=False),
    _DT_HALF: _Form(np.dtype("<f2"), "half_val"),
    22: _Form(np.dtype("<u4"), "uint32_val"),
    23: _Form(np.dtype("<u8"), "uint64_val"),
}
_NUMBERS = {form.dtype: number for number, form in _FORMS.items()}
_NO_PARTS: Mapping[str, Any] = MappingProxyType({})
_CONTENT = ("tensorContent", "tensor_content")
_QUICK = {"doubleVal": 2, "double_val": 2, "floatVal": 1, "float_val": 1}  # and the number of their form


def to_array(proto: Any, parts: Mapping[str, Any] = _NO_PARTS) -> NDArray[Any]:
    """The array in a TensorProto, writable; strings as an object array of bytes.

    Args:
        parts: arrays, and bytes, that stand for fields of the message.

    Raises:
        MalformedArray: the elements do not fill the shape, or are of a type that numpy does not have.
    """
    shape = dimensions([dim.size for dim in proto.tensor_shape.dim], "tftensor.tensorShape")
    if proto.dtype == _DT_STRING:
        return _laid_out(np.array(list(proto.string_val), dtype=object), shape, b"")
    form = _FORMS.get(proto.dtype)
    if form is None:
        raise MalformedArray(
            f"tftensor.dtype {_type_name(proto.dtype)} has no array here", hint="send DT_FLOAT or another plain type"
        )
    content = parts.get("tensor_content") or proto.tensor_content
    if content:
        return _of_bytes(content, form.dtype, shape)
    values = parts.get(form.field)
    return _laid_out(_listed(getattr(proto, form.field), form) if values is None else values, shape, 0)


def _type_name(number: int) -> str:
    value = message_class("tensorflow.TensorProto").DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number
    return str(value[number].name) if number in value else str(number)


def _of_bytes(content: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    expected = prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise MalformedArray(f"tftensor.tensorContent has {len(content)} bytes; its shape and dtype need {expected}")
    return _reshaped(np.frombuffer(content, dtype), shape).copy()


def _listed(values: Any, form: _Form) -> NDArray[Any]:
    if form.dtype.kind == "c":
        parts = np.array(values, dtype=f"<f{form.dtype.itemsize // 2}")
        return parts[: parts.size // 2 * 2].view(form.dtype)
    if form.field == "half_val":
        return _narrowed(np.array(values, dtype=np.int32), np.dtype("<u2")).view(form.dtype)
    if form.field == "int_val":
        return _narrowed(np.array(values, dtype=np.int32), form.dtype)
    return np.fromiter(values, form.dtype, len(values))


def _narrowed(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    narrow = values.astype(dtype)
    if (narrow != values).any():
        raise MalformedArray(f"tftensor has a number that is no {dtype.name}")
    return narrow


def _laid_out(values: NDArray[Any], shape: tuple[int, ...], nothing: Any) -> NDArray[Any]:
    count = prod(shape)
    missing = count - values.size
    if missing < 0:
        raise MalformedArray(f"tftensor.tensorShape {list(shape)} does not hold the {values.size} values sent")
    if missing == 0:
        return _reshaped(values, shape)
    if count > MAX_REPEATED:
        raise MalformedArray(
            f"tftensor.tensorShape {list(shape)} needs {count} values, and {values.size} are sent",
            hint=f"send all values of a tensor that has over {MAX_REPEATED}",
        )
    whole = np.full(count, values[-1] if values.size else nothing, dtype=values.dtype)
    whole[: values.size] = values
    return _reshaped(whole, shape)


def _reshaped(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        return values.reshape(shape)
    except ValueError as error:
        raise MalformedArray(f"tftensor.tensorShape {list(shape)} is too large") from error


def from_array(array: NDArray[Any]) -> Any:
    """The TensorProto of an array: bytes for more than one number, else the list of its type.

    Raises:
        InvalidPayload: TensorFlow has no such type.
    """
    proto = message_class("tensorflow.TensorProto")()
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.dtype.kind in "USO":
        proto.dtype = _DT_STRING
        proto.string_val.extend(_bytes(element) for element in array.ravel().tolist())
        return proto
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _NUMBERS:
        raise InvalidPayload(f"an array of {array.dtype} has no tftensor")
    proto.dtype = _NUMBERS[dtype]
    _fill(proto, array.astype(dtype, copy=False), _FORMS[proto.dtype])
    return proto


def _fill(proto: Any, array: NDArray[Any], form: _Form) -> None:
    if array.size > 1 and form.as_bytes:
        proto.tensor_content = array.tobytes()
        return
    flat = array.ravel()
    if form.dtype.kind == "c":
        flat = flat.view(f"<f{form.dtype.itemsize // 2}")
    elif form.field == "half_val":
        flat = flat.view("<u2")
    getattr(proto, form.field).extend(flat.tolist())


def _bytes(element: Any) -> bytes:
    match element:
        case bytes():
            return element
        case str():
            return element.encode()
    raise InvalidPayload(f"an array of {type(element).__name__} has no tftensor")


def array_of_document(document: Any) -> NDArray[Any]:
    """The array in the JSON form of a TensorProto, by either spelling of its members.

    Raises:
        MalformedArray: it is no TensorProto (the cause is protobuf's error), or as for `to_array`.
    """
    if not isinstance(document, dict):
        raise MalformedArray("tftensor must be an object")
    document, parts = _taken_apart(document)
    try:
        proto = json_format.ParseDict(document, message_class("tensorflow.TensorProto")())
    except (json_format.ParseError, AttributeError, TypeError, ValueError, OverflowError, SystemError) as error:
        raise MalformedArray(f"tftensor is no TensorProto: {error}") from error
    return to_array(proto, parts)


def _taken_apart(document: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The document without its large members, for which protobuf takes long, and those; see `to_array`.

    What is not surely right stays, for protobuf to read or to refuse.
    """
    parts: dict[str, Any] = {}
    rest = dict(document)
    content = [name for name in _CONTENT if name in document]
    if len(content) == 1 and isinstance(document[content[0]], bytes):  # it was read apart
        parts["tensor_content"] = rest.pop(content[0])
    lists = [name for name in _QUICK if name in document]
    if len(lists) == 1:
        form, given = _FORMS[_QUICK[lists[0]]], document[lists[0]]
        numbers = given if isinstance(given, np.ndarray) else float_rows(given)
        if numbers is not None and numbers.ndim == 1 and (np.abs(numbers) <= np.finfo(form.dtype).max).all():
            parts[form.field] = numbers.astype(form.dtype, copy=False)
            del rest[lists[0]]
    return {name: _as_sent(value) for name, value in rest.items()}, parts


def _as_sent(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return b64encode(value).decode() if isinstance(value, bytes) else value


def document_of_array(array: NDArray[Any]) -> dict[str, Any]:
    """The JSON form of the TensorProto of an array; sizes and 64-bit integers are strings.

    Raises:
        InvalidPayload: TensorFlow has no such type.
    """
    document: dict[str, Any] = json_format.MessageToDict(from_array(array))
    return document
