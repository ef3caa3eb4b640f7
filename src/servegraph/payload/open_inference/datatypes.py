"""The protocol's datatypes: which numpy type each is, and what makes an array of one."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "BF16": np.dtype("<f4"),  # numpy has none; float32 holds each of its values
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BYTES": np.dtype("O"),
}
_NAMES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}


def datatype_of(array: NDArray[Any]) -> str:
    """The datatype of an array; text and objects are BYTES.

    Raises:
        InvalidPayload: there is none.
    """
    if array.dtype.kind in "SUO":
        return "BYTES"
    name = _NAMES.get(array.dtype.newbyteorder("<"))
    if name is None:
        raise InvalidPayload(f"an array of {array.dtype} has no datatype in this protocol")
    return name


def check_datatype(datatype: Any, where: str) -> str:
    """The datatype, if it is one; else raises InvalidPayload."""
    if isinstance(datatype, str) and datatype in DTYPES:
        return datatype
    raise InvalidPayload(f"{where} has no known datatype", hint=f"it is one of {', '.join(DTYPES)}")


def narrowed(values: NDArray[Any], dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    """The values as `dtype`; raises MalformedArray if one is out of its range."""
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        if values.size and not (limits.min <= values.min() and values.max() <= limits.max):
            raise MalformedArray(f"{where} has a number that is no {dtype.name}")
    try:
        with np.errstate(over="raise"):
            return values.astype(dtype, copy=False)
    except FloatingPointError as error:
        raise MalformedArray(f"{where} has a number that is no {dtype.name}") from error


def shaped(values: NDArray[Any], shape: tuple[int, ...], where: str) -> NDArray[Any]:
    """The values in that shape; raises MalformedArray if they do not fill it."""
    check_count(values.size, shape, where)
    try:
        return values.reshape(shape)
    except ValueError as error:
        raise MalformedArray(f"{where}.shape is too large") from error


def check_count(count: int, shape: tuple[int, ...], where: str) -> None:
    """Raise MalformedArray if a shape does not hold so many elements."""
    if count != prod(shape):
        raise MalformedArray(f"{where} has {count} values; its shape {list(shape)} needs {prod(shape)}")
