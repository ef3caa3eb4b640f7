"""Protobuf's ListValue to and from Python lists and numpy arrays.

Protobuf has one message per number, which costs Python a call each. Lists of numbers, and lists
of equally long lists of numbers, are therefore read from and written to the bytes of the message,
where every number has its place; whatever looks otherwise goes the long way.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from google.protobuf import struct_pb2
from numpy.typing import NDArray

_NUMBER = np.frombuffer(b"\x0a\x09\x11", np.uint8)  # field 1 of ListValue, 9 bytes long; field 2 of Value, a double
_SIZE = len(_NUMBER) + 8
_VALUES, _LIST_VALUE = b"\x0a", b"\x32"  # field 1 of ListValue; field 6 of Value


def numbers_of(proto: Any) -> NDArray[np.float64] | None:
    """The array of a ListValue that holds one or two dimensions of numbers; None for any other."""
    rows = len(proto.values)
    if not rows:
        return None
    first = proto.values[0]
    if first.WhichOneof("kind") == "number_value":
        numbers = _read(proto.SerializeToString(), 1, rows, b"")
        return None if numbers is None else numbers[0]
    width = len(first.list_value.values)
    return _read(proto.SerializeToString(), rows, width, _head(width)) if width else None


def _read(data: bytes, rows: int, width: int, head: bytes) -> NDArray[np.float64] | None:
    stride = len(head) + width * _SIZE
    if len(data) != rows * stride or not _has_in_each_row(data, stride, head):
        return None
    tags: NDArray[np.uint8] = np.ndarray((rows, width, 3), np.uint8, data, len(head), (stride, _SIZE, 1))
    if (tags != _NUMBER).any():
        return None
    return np.ndarray((rows, width), "<f8", data, len(head) + 3, (stride, _SIZE)).copy()


def _has_in_each_row(data: bytes, stride: int, head: bytes) -> bool:
    rows = len(data) // stride
    return all(data[place::stride] == bytes([byte]) * rows for place, byte in enumerate(head))


def _head(width: int) -> bytes:
    """What stands before the numbers of one row: its tag and length as an element, and as a list."""
    inner = _LIST_VALUE + varint(width * _SIZE)
    return _VALUES + varint(len(inner) + width * _SIZE) + inner


def varint(number: int) -> bytes:
    """Protobuf's form of a length."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def fill_numbers(proto: Any, numbers: NDArray[Any]) -> None:
    """Write an array of one or two dimensions, and of at least one number, into an empty ListValue."""
    rows, head = (1, b"") if numbers.ndim == 1 else (len(numbers), _head(numbers.shape[1]))
    table = np.empty((rows, len(head) + numbers.size // rows * _SIZE), np.uint8)
    table[:, : len(head)] = np.frombuffer(head, np.uint8)
    cells = np.empty((numbers.size, _SIZE), np.uint8)
    cells[:, :3] = _NUMBER
    cells[:, 3:] = np.asarray(numbers, dtype="<f8", order="C").reshape(-1, 1).view(np.uint8)
    table[:, len(head) :] = cells.reshape(rows, -1)
    proto.MergeFromString(table.tobytes())


def plain(value: Any) -> Any:
    """The Python value of a Value."""
    match value.WhichOneof("kind"):
        case "number_value":
            return value.number_value
        case "list_value":
            return plain_list(value.list_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {key: plain(member) for key, member in value.struct_value.fields.items()}
    return None


def plain_list(proto: Any) -> list[Any]:
    """The Python list of a ListValue."""
    return [plain(value) for value in proto.values]


def fill(proto: Any, value: Any) -> None:
    """Write a JSON value into an empty Value.

    Raises:
        TypeError: it is no JSON value.
    """
    match value:
        case None:
            proto.null_value = struct_pb2.NULL_VALUE
        case bool():
            proto.bool_value = value
        case int() | float():
            proto.number_value = _double(value)
        case str():
            proto.string_value = value
        case dict():
            proto.struct_value.SetInParent()
            fill_members(proto.struct_value.fields, value)
        case list():
            proto.list_value.SetInParent()
            fill_list(proto.list_value, value)
        case _:
            raise TypeError(f"{type(value).__name__} has no protobuf form")


def fill_members(fields: Any, members: Mapping[str, Any]) -> None:
    """Write the members of an object into a map of Values."""
    for key, member in members.items():
        fill(fields[key], member)


def fill_list(proto: Any, values: Iterable[Any]) -> None:
    """Write JSON values into an empty ListValue."""
    for value in values:
        fill(proto.values.add(), value)


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
