"""The elements of a tensor as a JSON list."""

from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.message import MAX_DIMENSIONS
from servegraph.payload.numbers import LARGE, printed
from servegraph.payload.open_inference.datatypes import DTYPES, check_count, narrowed, shaped

FRACTIONS = ("FP16", "BF16", "FP32", "FP64")


def of_list(datatype: str, shape: tuple[int, ...], values: Any, where: str) -> NDArray[Any]:
    """The array of a JSON list, flat or nested; `null` among numbers with a fraction is NaN.

    Args:
        values: the list; or, if the datatype is one of FRACTIONS, an array of float64.

    Raises:
        MalformedArray: the values are of another type, or do not fill the shape.
    """
    if isinstance(values, np.ndarray):  # it was read apart
        check_count(values.size, shape, where)
        return shaped(narrowed(values.ravel(), DTYPES[datatype], where), shape, where)
    flat = _flat(values, where)
    check_count(len(flat), shape, where)
    kinds = set(map(type, flat))
    if datatype == "BYTES":
        return shaped(_encoded(flat, kinds, where), shape, where)
    try:
        if datatype in FRACTIONS and kinds <= {int, float, type(None)}:
            return shaped(narrowed(np.array(flat, dtype=np.float64), DTYPES[datatype], where), shape, where)
        if datatype == "BOOL" and (kinds <= {bool} or (kinds <= {int} and set(flat) <= {0, 1})):
            return shaped(np.array(flat, dtype=np.bool_), shape, where)
        if datatype[:3] in ("INT", "UIN") and kinds <= {int, float}:
            return shaped(_whole(flat, kinds, datatype), shape, where)
    except (ValueError, OverflowError) as error:
        raise MalformedArray(f"{where} has a number that is no {datatype}") from error
    raise MalformedArray(f"{where}.data must be a list of {datatype} values")


def _flat(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise MalformedArray(f"{where}.data must be a list")
    values: list[Any] = data
    for _ in range(MAX_DIMENSIONS):
        if not values or type(values[0]) is not list:
            return values
        if set(map(type, values)) != {list} or len(set(map(len, values))) != 1:
            raise MalformedArray(f"{where}.data has rows of different lengths")
        values = list(chain.from_iterable(values))
    raise MalformedArray(f"{where}.data is nested over {MAX_DIMENSIONS} deep")


def _encoded(flat: list[Any], kinds: set[type], where: str) -> NDArray[Any]:
    if not kinds <= {str}:
        raise MalformedArray(f"{where}.data must be a list of strings")
    try:
        return np.array([text.encode() for text in flat], dtype=object)
    except UnicodeEncodeError as error:
        raise MalformedArray(f"{where}.data has text that is not Unicode") from error


def _whole(flat: list[Any], kinds: set[type], datatype: str) -> NDArray[Any]:
    if float in kinds:
        if not all(type(value) is int or value.is_integer() for value in flat):
            raise ValueError("a fraction")
        flat = [int(value) for value in flat]
    limits = np.iinfo(DTYPES[datatype])
    if flat and not (limits.min <= min(flat) and max(flat) <= limits.max):
        raise OverflowError("beyond the limits")
    return np.array(flat, dtype=DTYPES[datatype])


def to_list(tensor_data: NDArray[Any], where: str) -> list[Any] | orjson.Fragment:
    """The elements as a flat JSON list, NaN and infinities included; of a large array the list's text.

    Raises:
        InvalidPayload: BYTES that are not UTF-8, which JSON cannot carry.
    """
    if tensor_data.nbytes > LARGE and tensor_data.dtype.kind in "iuf" and np.isfinite(tensor_data).all():
        return orjson.Fragment(printed(tensor_data.ravel()))
    flat: list[Any] = tensor_data.ravel().tolist()
    if tensor_data.dtype != object:
        return flat
    try:
        return [element.decode() for element in flat]
    except UnicodeDecodeError as error:
        raise InvalidPayload(f"{where} is not text", hint="ask for it as binary data") from error
