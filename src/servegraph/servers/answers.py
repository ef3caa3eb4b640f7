"""What a model returned, as something that a message carries, and the names of its columns."""

from typing import Any

import numpy as np


def carried(value: Any) -> tuple[Any, list[str] | None]:
    """An array, list, dict, text or bytes, and the names of a table's columns.

    Source:
        Seldon's MLFLOW_SERVER answers a DataFrame as an array whose names are its columns.
    """
    if hasattr(value, "toarray"):  # a sparse matrix
        value = value.toarray()
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return _plain(value.to_numpy()), [str(name) for name in value.columns]
    if hasattr(value, "to_numpy"):  # a Series
        value = value.to_numpy()
    match value:
        case np.ndarray():
            return _plain(value), None
        case dict():
            return {str(name): _json(member) for name, member in value.items()}, None
        case np.generic():
            return _plain(np.asarray(value).reshape(1)), None
        case bool() | int() | float():
            return np.array([value]), None
        case tuple():
            return list(value), None
    return value, None


def _plain(array: Any) -> Any:
    """Without what no message carries: dates become text, pandas' missing values None."""
    if array.dtype.kind in "Mm":
        return np.datetime_as_string(array).astype(object) if array.dtype.kind == "M" else array.astype(str)
    return np.frompyfunc(_element, 1, 1)(array) if array.dtype == object and array.size else array


def _element(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()
    return None if type(value).__name__ == "NAType" else value


def _json(value: Any) -> Any:
    found, names = carried(value)
    if names is not None:
        return {name: found[:, at].tolist() for at, name in enumerate(names)}
    if isinstance(found, np.ndarray):
        return found.tolist() if np.ndim(value) else found.tolist()[0]
    return [_json(member) for member in found] if isinstance(found, list) else found
