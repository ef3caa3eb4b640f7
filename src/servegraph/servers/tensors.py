"""Arrays made into the tensors that a signature names, without loss."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.artifacts.signature import Field
from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.arrays import array_of
from servegraph.servers.cells import cast

_WORDS: Mapping[str, str] = MappingProxyType({"f": "double", "i": "long", "u": "long", "b": "boolean"})


def tensors(fields: Sequence[Field], value: Any, names: Sequence[str]) -> Any:
    """The array of a tensor without a name, else a dict of arrays.

    Args:
        value: an array; for several tensors an array whose columns have their names, or JSON.

    Raises:
        InvalidPayload: one is missing, or has another shape or other values than it should.
    """
    if len(fields) == 1 and not isinstance(value, Mapping):
        array = _fitted(fields[0], value)
        return array if fields[0].name is None else {fields[0].name: array}
    given = _given(value, names)
    absent = [field.name for field in fields if field.required and field.name not in given]
    if absent:
        what = f"the model's tensors {', '.join(map(repr, absent))} are missing"
        raise InvalidPayload(what, hint="send jsonData, an object of arrays by name")
    return {field.name: _fitted(field, given[field.name]) for field in fields if field.name in given}


def _given(value: Any, names: Sequence[str]) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        inner = value.get("inputs") if len(value) == 1 else None
        return inner if isinstance(inner, Mapping) else value
    if isinstance(value, np.ndarray) and value.ndim == 2 and len(names) == value.shape[1]:
        return {name: value[:, at] for at, name in enumerate(names)}
    return {}


def _fitted(field: Field, value: Any) -> NDArray[Any]:
    try:
        array = value if isinstance(value, np.ndarray) else array_of(value)
    except MalformedArray as error:
        raise InvalidPayload(f"{_told(field)}: {error}") from error
    shape = field.shape or ()
    if array.ndim == 1 and len(shape) == 2 and shape[1] == 1:
        array = array.reshape(-1, 1)
    fits = len(array.shape) == len(shape) and all(
        want in (-1, has) for want, has in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise InvalidPayload(f"{_told(field)}, got {' x '.join(map(str, array.shape)) or 'no dimension'}")
    return _cast(field, array)


def _told(field: Field) -> str:
    name = f"tensor {field.name!r}" if field.name else "the model"
    return f"{name} takes {field.dtype} of {' x '.join('n' if size < 0 else str(size) for size in field.shape or ())}"


def _cast(field: Field, array: NDArray[Any]) -> NDArray[Any]:
    wanted = np.dtype(field.dtype)
    if wanted.kind not in _WORDS or array.dtype == wanted:
        return array
    word = "float" if wanted == np.float32 else _WORDS[wanted.kind]
    values = cast(Field(field.name, word, shape=field.shape), array.reshape(-1)).reshape(array.shape)
    if wanted.kind in "iu":
        limits = np.iinfo(wanted)
        if ((values < limits.min) | (values > limits.max)).any():
            raise InvalidPayload(f"{_told(field)}, which does not hold all that was sent")
    return values.astype(wanted)
