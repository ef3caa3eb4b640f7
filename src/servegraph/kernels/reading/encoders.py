"""OneHotEncoder and OrdinalEncoder of numbers: `transform`.

What an encoder makes of each category (dropped, infrequent, missing, unknown ...) is not worked out from its
settings: the encoder is asked, with a row for each.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading.edges import around_values
from servegraph.kernels.reading.reading import Reading, Unreadable, no_such
from servegraph.kernels.steps import OneHot, Recode, Step
from servegraph.kernels.steps.categories import NOWHERE, UNKNOWN
from servegraph.kernels.steps.step import Array

_LARGEST_TABLE = 20_000_000


_Tables = tuple[Array, Array, Array, Array]
_Way = tuple[Callable[[Array], Array], Callable[[_Tables], Step]]
"""From rows to places, and from all tables to the step."""


def _read(way: Callable[[Any], _Way], model: Any, method: str) -> Reading:
    if method != "transform":
        raise no_such(type(model).__name__, method)
    if model.dtype is not float and np.dtype(model.dtype) != np.float64:
        raise Unreadable(f"it answers {np.dtype(model.dtype)}, not float64")
    categories = [np.asarray(known) for known in model.categories_]
    if any(known.dtype.kind not in "biuf" for known in categories):
        raise Unreadable("its categories are not numbers")
    columns = [known.astype(np.float64) for known in categories]
    known = np.unique(np.concatenate([values[~np.isnan(values)] for values in columns]))
    if known.size * len(columns) > _LARGEST_TABLE:
        raise Unreadable(f"{known.size} categories in {len(columns)} columns make too large a table")
    places_of, step = way(model)
    tables = _tables(columns, known, places_of, refuses=model.handle_unknown == "error")
    return Reading((step((known, *tables)),), partial(around_values, columns), asks=("infinite", "empty", "width"))


def _tables(
    columns: list[Array], known: Array, places_of: Callable[[Array], Array], refuses: bool
) -> tuple[Array, Array, Array]:
    """`places`, `absent` and `other`, as `Recode` has them."""
    usual = np.array([values[0] for values in columns])
    places = np.full((len(columns), len(known)), UNKNOWN)
    absent = np.full(len(columns), UNKNOWN)
    other = np.full(len(columns), UNKNOWN)
    for column, values in enumerate(columns):
        rows = np.tile(usual, (len(values), 1))
        rows[:, column] = values
        found = places_of(rows)[:, column]
        numbers = ~np.isnan(values)
        places[column, known.searchsorted(values[numbers])] = found[numbers]
        if not numbers.all():
            absent[column] = found[~numbers][0]
    if not refuses:
        other[:] = places_of(np.full((1, len(columns)), _stranger(known)))[0]
    return places, absent, other


def _stranger(known: Array) -> float:
    """A number that is no category."""
    return float(known[-1]) + 1.0 if len(known) and abs(known[-1]) < 1e15 else -1.5


def _ordinal(model: Any) -> _Way:
    numbers: list[float] = []

    def places_of(rows: Array) -> Array:
        codes = np.asarray(model.transform(rows), np.float64)
        places = np.empty(codes.shape, np.intp)
        for at, code in np.ndenumerate(codes):
            same = [place for place, number in enumerate(numbers) if np.array_equal(number, code, equal_nan=True)]
            if not same:
                numbers.append(float(code))
            places[at] = same[0] if same else len(numbers) - 1
        return places

    return places_of, lambda tables: Recode(*tables, np.array(numbers))


def _one_hot(model: Any) -> _Way:
    widths = np.array(model._n_features_outs)
    starts = np.concatenate(([0], np.cumsum(widths)))

    def places_of(rows: Array) -> Array:
        answer = model.transform(rows)
        hot = answer.toarray() if hasattr(answer, "toarray") else np.asarray(answer)
        places = np.full((len(rows), len(widths)), NOWHERE)
        for column, (start, width) in enumerate(zip(starts, widths, strict=False)):
            block = hot[:, start : start + width]
            shown = block.any(axis=1)
            places[shown, column] = start + block[shown].argmax(axis=1)
        return places

    return places_of, lambda tables: OneHot(*tables, int(starts[-1]))


READERS: Final[Mapping[str, Callable[[Any, str], Reading]]] = MappingProxyType(
    {"OrdinalEncoder": partial(_read, _ordinal), "OneHotEncoder": partial(_read, _one_hot)}
)
