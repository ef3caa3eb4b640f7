"""Numpy arrays of nested lists, as they come in JSON; never larger than what was sent deserves.

Source:
    Seldon's component server hands the lists to numpy: whole numbers stay such, a string among
    them makes all of them strings, a null or an object makes an array of Python objects.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import MalformedArray
from servegraph.payload.message import MAX_DIMENSIONS
from servegraph.payload.numbers import PAUSE_S

MAX_HOLLOW = 65_536  # a dimension of an array without elements costs nothing, but its names do
PADDED_FREELY = 1 << 20  # bytes
PADDED_TIMES = 8
_PIECE = 4_096  # elements of a list, or rows, that are looked at in one go
_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError, MemoryError)


def array_of(nested: Any) -> NDArray[Any]:
    """The array that numpy makes of JSON lists; of anything else the array without dimensions.

    Raises:
        MalformedArray: the lists are ragged, or nested deeper than arrays can be.
    """
    if type(nested) is np.ndarray:  # it was read apart
        return nested
    rows = float_rows(nested)
    if rows is not None:
        return rows
    try:
        return _objects(nested) if _is_bloated(nested) else _in_pieces(nested)
    except _UNREADABLE as error:
        deep = "number of dimension" in str(error)
        what = f"is nested over {MAX_DIMENSIONS} deep" if deep else "has rows of different lengths"
        raise MalformedArray(f"data.ndarray {what}") from error


def tensor_of(tensor: Any) -> NDArray[Any]:
    """The array of a tensor's JSON: its row-major `values` laid out in `shape`.

    Raises:
        MalformedArray: it is no tensor, or the values do not fill the shape.
    """
    try:
        values = array_of(tensor["values"])
        laid_out = values.reshape(tensor["shape"])
    except MalformedArray as error:
        raise MalformedArray(str(error).replace("data.ndarray", "data.tensor.values")) from error.__cause__
    except _UNREADABLE as error:
        raise MalformedArray(_what_is_wrong(tensor)) from error
    if laid_out.size == 0 and max(laid_out.shape) > MAX_HOLLOW:
        raise MalformedArray(f"data.tensor.shape has no element, and a dimension over {MAX_HOLLOW}")
    return laid_out


def _what_is_wrong(tensor: Any) -> str:
    if not isinstance(tensor, Mapping) or not tensor.keys() >= {"shape", "values"}:
        return "data.tensor must be an object with shape and values"
    shape, values = tensor["shape"], tensor["values"]
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        return "data.tensor.shape must be a list of whole numbers"
    if not isinstance(values, list | np.ndarray):
        return "data.tensor.values must be a list"
    return f"data.tensor.shape {str(shape)[:100]} does not hold the {len(values)} values sent"


def float_rows(nested: Any) -> NDArray[np.float64] | None:
    """The usual case, twice as fast as numpy: rows of one length (or one row) that begin with a float."""
    try:
        flat = type(nested[0]) is float
        if not flat and not (type(nested[0]) is list and type(nested[0][0]) is float):
            return None
        if not flat and len(nested) > 1 and len(set(map(len, nested))) > 1:
            return None
        numbers = array("d")
        for row in [nested] if flat else nested:
            numbers.fromlist(row)
    except (TypeError, LookupError, OverflowError):  # something else than numbers
        return None
    return np.ndarray(len(nested) if flat else (len(nested), len(nested[0])), np.float64, numbers)


def _pieces(nested: Any) -> Iterator[Any]:
    """A long list some elements at a time, with a pause after each piece for threads that wait."""
    if type(nested) is not list or len(nested) <= _PIECE:
        yield nested
        return
    for start in range(0, len(nested), _PIECE):
        yield nested[start : start + _PIECE]
        sleep(PAUSE_S)


def _in_pieces(nested: Any) -> NDArray[Any]:
    """The array that numpy makes of lists; of long ones with equal parts without keeping other threads from work."""
    try:
        parts = [np.array(piece) for piece in _pieces(nested)]
    except _UNREADABLE:
        parts = []
    if len(parts) > 1 and len({(part.dtype.kind, part.shape[1:]) for part in parts}) == 1:
        return np.concatenate(parts)
    return parts[0] if len(parts) == 1 else np.array(nested)


def _is_bloated(nested: Any) -> bool:
    """Whether numpy's array of strings, which pads each to the longest, is far larger than what was sent."""
    longest = count = sent = 0
    for piece in _pieces(nested):
        leaves = _leaves(piece)
        count += len(leaves)
        if str in set(map(type, leaves)):
            lengths = [len(leaf) for leaf in leaves if type(leaf) is str]
            longest, sent = max(longest, max(lengths)), sent + sum(lengths)
    return 4 * longest * count > max(PADDED_FREELY, PADDED_TIMES * (sent + 3 * count))


def _leaves(nested: Any) -> Sequence[Any]:
    """All elements; of lists beside other elements, which are refused afterwards, not all."""
    level = nested if isinstance(nested, list) else []
    for _ in range(MAX_DIMENSIONS):
        if set(map(type, level)) != {list}:
            break
        level = list(chain.from_iterable(level))
    return level


def _objects(nested: Any) -> NDArray[Any]:
    """The same elements as in numpy's array of strings, each of its own size."""
    objects = np.array(nested, dtype=object)
    kinds = set(map(type, objects.flat))
    if list in kinds:
        return np.array(nested)  # which refuses it
    keeps_objects = kinds & {type(None), dict} or kinds == {str}
    return objects if keeps_objects else np.frompyfunc(str, 1, 1)(objects)
