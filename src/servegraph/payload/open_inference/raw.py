"""The elements of a tensor as bytes.

They are row-major and little-endian; an element of BYTES has its length before it, as uint32.
"""

from math import prod
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import MalformedArray
from servegraph.payload.open_inference.datatypes import DTYPES, shaped

_LENGTH = Struct("<I")


def of_raw(datatype: str, shape: tuple[int, ...], raw: bytes | memoryview, where: str) -> NDArray[Any]:
    """The array, writable, of raw bytes.

    Raises:
        MalformedArray: the bytes are more or less than the shape needs.
    """
    if datatype == "BYTES":
        return shaped(_unprefixed(raw, prod(shape), where), shape, where)
    size = 2 if datatype == "BF16" else DTYPES[datatype].itemsize
    if len(raw) != prod(shape) * size:
        raise MalformedArray(f"{where} has {len(raw)} bytes; its shape and datatype need {prod(shape) * size}")
    if datatype == "BF16":
        return shaped((np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4"), shape, where)
    if datatype == "BOOL":
        return shaped(np.frombuffer(raw, np.uint8) != 0, shape, where)
    return shaped(np.frombuffer(raw, DTYPES[datatype]), shape, where).copy()


def _unprefixed(raw: bytes | memoryview, count: int, where: str) -> NDArray[Any]:
    elements: list[bytes] = []
    at = 0
    while at < len(raw):
        start = at + _LENGTH.size
        end = start + (_LENGTH.unpack_from(raw, at)[0] if start <= len(raw) else 0)
        if end > len(raw) or start > len(raw) or len(elements) == count:
            raise MalformedArray(f"{where} does not hold {count} elements, each with its length before it")
        elements.append(bytes(raw[start:end]))
        at = end
    return np.array(elements, dtype=object)


def to_raw(datatype: str, data: NDArray[Any]) -> bytes:
    """The raw bytes of an array of the dtype that belongs to `datatype`; BF16 is rounded to the nearest."""
    if datatype == "BYTES":
        elements = data.ravel().tolist()
        return b"".join(part for element in elements for part in (_LENGTH.pack(len(element)), element))
    if datatype == "BF16":
        return _rounded(data).tobytes()
    return data.astype(DTYPES[datatype], copy=False).tobytes()


def _rounded(data: NDArray[Any]) -> NDArray[Any]:
    bits = np.ascontiguousarray(data, dtype="<f4").view("<u4").astype(np.uint64)
    nearest = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16  # ties to even
    quiet = (bits >> 16) | 0x40  # a NaN may have its only bits in the half that goes
    return np.where(np.isnan(data), quiet, nearest).astype("<u2")
