"""The values of one column, made into what a signature says, without loss.

JSON has one kind of number and numpy one dtype for a whole table: whole numbers come as floats,
floats as whole numbers, and beside text every number is text. Each is taken for what it was, as
long as no digit is lost.

Source:
    MLflow's names of types. It refuses an int64 where a double is expected, and a missing value
    where a whole number is; the latter is NaN here if the column is optional.
"""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.artifacts.signature import Field
from servegraph.errors import InvalidPayload

_INTEGERS: Mapping[str, Any] = MappingProxyType({"integer": np.int32, "long": np.int64})
_TRUTHS: Mapping[Any, bool] = MappingProxyType({True: True, False: False, "True": True, "False": False})


class _Misfit(Exception):
    """A value that a type does not hold."""

    def __init__(self, value: Any) -> None:
        self.value = value


def cast(field: Field, values: NDArray[Any]) -> NDArray[Any]:
    """A column's values as its field says.

    Shape:
        values, returned: (n,)

    Raises:
        InvalidPayload: the type does not hold one of them.
    """
    convert = _CONVERSIONS.get(field.dtype)
    try:
        return values if convert is None else convert(values, field)
    except _Misfit as misfit:
        said = "a missing value" if _is_missing(misfit.value) else repr(misfit.value)[:80]
        what = "column" if field.shape is None else "tensor"
        where = f"a {what}" if field.name is None else f"{what} {field.name!r}"
        raise InvalidPayload(f"{where} is of type {field.dtype}, and got {said}") from None


def missing(field: Field, rows: int) -> NDArray[Any]:
    """The column of a field that is not there."""
    if field.dtype in ("double", "float", *_INTEGERS):
        return np.full(rows, np.nan)
    if field.dtype == "datetime":
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[ns]")
    return np.full(rows, None, dtype=object)


def _numbers(values: NDArray[Any]) -> NDArray[Any]:
    """The same as an array of numbers; a missing value is NaN."""
    if values.dtype.kind in "iufb":
        return values
    numbers = [_number(value) for value in values.tolist()]
    return np.array(numbers) if None not in numbers else np.array([np.nan if n is None else n for n in numbers])


def _number(value: Any) -> int | float | None:
    match value:
        case int() if not -(2**63) <= value < 2**63:
            raise _Misfit(value)
        case None | int() | float():
            return value
        case str():
            return _number(_parsed(value))
    raise _Misfit(value)


def _parsed(text: str) -> int | float:
    for kind in (int, float):
        try:
            number: int | float = kind(text)
            return number
        except ValueError:
            continue
    raise _Misfit(text)


def _doubles(values: NDArray[Any], field: Field) -> NDArray[Any]:
    return _floats(values, np.float64)


def _singles(values: NDArray[Any], field: Field) -> NDArray[Any]:
    return _floats(values, np.float32)


def _floats(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """A float may lose digits on its way to float32, as every literal does; a whole number may not."""
    numbers = _numbers(values)
    with np.errstate(over="ignore"):
        floats: NDArray[Any] = numbers.astype(dtype)
    are_whole = numbers.dtype.kind in "iu"
    _check(~_survives(numbers, floats) if are_whole else np.isinf(floats) & ~np.isinf(numbers), numbers)
    return floats


def _survives(numbers: NDArray[Any], floats: NDArray[Any]) -> NDArray[np.bool_]:
    """Which whole numbers are the same after a round trip; comparing with floats would round them first."""
    inside = np.abs(floats.astype(np.float64)) < 2.0**63
    back = np.where(inside, floats, 0).astype(np.int64)
    same: NDArray[np.bool_] = inside & (back == numbers.astype(np.int64))
    return same


def _integers(values: NDArray[Any], field: Field) -> NDArray[Any]:
    numbers, dtype = _numbers(values), _INTEGERS[field.dtype]
    if numbers.dtype.kind == "f":
        absent = np.isnan(numbers)
        if absent.any() and not field.required:
            _check(~absent & (numbers != np.trunc(numbers)), numbers)
            return numbers.astype(np.float64)
        _check(~np.isfinite(numbers) | (numbers != np.trunc(numbers)) | (np.abs(numbers) >= 2.0**63), numbers)
    if numbers.dtype.kind == "u":
        _check(numbers > np.iinfo(np.int64).max, numbers)
    whole = numbers.astype(np.int64)
    limits = np.iinfo(dtype)
    _check((whole < limits.min) | (whole > limits.max), whole)
    return whole.astype(dtype)


def _booleans(values: NDArray[Any], field: Field) -> NDArray[Any]:
    if values.dtype == np.bool_:
        return values
    found = [_truth(value, field) for value in values.tolist()]
    return np.array(found, dtype=object if None in found else np.bool_)


def _truth(value: Any, field: Field) -> bool | None:
    if _is_missing(value) and not field.required:
        return None
    if not isinstance(value, str | int | float) or value not in _TRUTHS:
        raise _Misfit(value)
    return _TRUTHS[value]


def _texts(values: NDArray[Any], field: Field) -> NDArray[Any]:
    return _each(values, lambda value: value.decode() if isinstance(value, bytes) else _of(str, value))


def _binaries(values: NDArray[Any], field: Field) -> NDArray[Any]:
    """Text is base64, which is how JSON carries bytes."""
    return _each(values, lambda value: _decoded(value) if isinstance(value, str) else _of(bytes, value))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _Misfit(text) from None


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise _Misfit(value)
    return value


def _each(values: NDArray[Any], convert: Callable[[Any], Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = [None if _is_missing(value) else convert(value) for value in values.tolist()]
    return made


def _dates(values: NDArray[Any], field: Field) -> NDArray[Any]:
    import pandas

    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]")
    made = np.empty(len(values), dtype="datetime64[ns]")
    for row, value in enumerate(values.tolist()):
        try:
            moment = pandas.NaT if _is_missing(value) else pandas.Timestamp(_of(str, value))
            made[row] = np.datetime64("NaT") if moment is pandas.NaT else moment.tz_localize(None).to_datetime64()
        except ValueError:
            raise _Misfit(value) from None
    return made


def _guessed(values: NDArray[Any], field: Field) -> NDArray[Any]:
    """Numbers as numbers, where nothing says what a column is."""
    if values.dtype.kind == "U":
        return values.astype(object)
    if values.dtype != object:
        return values
    kinds = {type(value) for value in values.tolist()}
    return _numbers(values) if kinds <= {int, float, type(None)} and kinds != {type(None)} else values


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _check(wrong: NDArray[np.bool_], values: NDArray[Any]) -> None:
    if wrong.any():
        raise _Misfit(values[np.argmax(wrong)].item())


GUESSED = "any"
_CONVERSIONS: Mapping[str, Callable[[NDArray[Any], Field], NDArray[Any]]] = MappingProxyType(
    {
        "double": _doubles,
        "float": _singles,
        "long": _integers,
        "integer": _integers,
        "boolean": _booleans,
        "string": _texts,
        "binary": _binaries,
        "datetime": _dates,
        GUESSED: _guessed,
    }
)
