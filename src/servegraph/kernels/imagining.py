"""Rows for a model that came without any: its own numbers tell how large they are.

Trees tell it with their thresholds, scalers with what they subtract and divide by. Linear models and what
divides a row by its norm tell nothing, and compute the same at every size: they get rows of all sizes. These
are not rows that were seen, so what depends on those (categories, columns that are chosen) stays refused.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading import Unreadable, kind_of, linear, read
from servegraph.kernels.reading.reading import Edges
from servegraph.kernels.steps.step import Array

_ROWS = 256  # of each sort
_SIZES = (-3.0, 3.0)  # powers of ten
_WHY_NOT = "there are no example rows to prove it with, and nothing in it tells what they look like"
_CHOOSE_COLUMNS = ("sklearn.ColumnTransformer", "sklearn.FeatureUnion")
_ANY_SIZE = frozenset(("Normalizer", *linear.CLASSIFIERS, *linear.REGRESSORS))  # of scikit-learn

_TOLD: Final[Mapping[str, Callable[[Any], tuple[Any, Any]]]] = MappingProxyType(
    {
        "sklearn.StandardScaler": lambda scaler: (scaler.mean_, scaler.scale_),
        "sklearn.MinMaxScaler": lambda scaler: (scaler.data_min_, scaler.data_range_),
        "sklearn.MaxAbsScaler": lambda scaler: (np.zeros_like(scaler.max_abs_), scaler.max_abs_),
        "sklearn.RobustScaler": lambda scaler: (scaler.center_, scaler.scale_),
    }
)
"""Where a scaler's columns lie, and how far they reach."""


def imagined(model: Any, method: str) -> Array:
    """Rows of shape (n, features) such as the model may have been fitted on.

    Raises:
        Unreadable: it does not tell what they look like.
    """
    random = np.random.default_rng(0)
    for part, asked in _in_turn(model, method):
        kind = kind_of(part)
        if kind in _TOLD:
            return _within(*_TOLD[kind](part), random)
        if kind.removeprefix("sklearn.") in _ANY_SIZE:
            return _of_all_sizes(_width(model), random)
        if kind == "sklearn.SimpleImputer" and not part.add_indicator and not np.isnan(part.statistics_).any():
            continue  # the columns are those of the next
        if kind in _CHOOSE_COLUMNS:
            break
        edges = read(part, asked, sparse=False).edges
        if edges is None or kind.endswith("Encoder") or kind == "sklearn.SimpleImputer":
            break
        return _around(edges, _width(model), random)
    raise Unreadable(_WHY_NOT)


def _in_turn(model: Any, method: str) -> list[tuple[Any, str]]:
    """A pipeline's parts, each with what it is asked; of anything else, itself."""
    if kind_of(model) != "sklearn.Pipeline":
        return [(model, method)]
    *before, (_, last) = model.steps
    parts = [pair for _, step in before for pair in _in_turn(step, "transform")]
    return [(part, asked) for part, asked in (*parts, (last, method)) if not isinstance(part, str | None)]


def _width(model: Any) -> int:
    for name in ("n_features_in_", "num_features", "num_feature"):
        told = getattr(model, name, None)
        if told is not None:
            return int(told() if callable(told) else told)
    raise Unreadable(_WHY_NOT)


def _within(middle: Any, reach: Any, random: np.random.Generator) -> Array:
    if middle is None or reach is None:
        raise Unreadable(_WHY_NOT)
    rows: Array = middle + reach * random.normal(0.0, 2.0, (2 * _ROWS, len(np.asarray(reach))))
    return rows


def _of_all_sizes(width: int, random: np.random.Generator) -> Array:
    """Half of the rows are of one size each, the others of many."""
    powers = random.uniform(*_SIZES, (2 * _ROWS, width))
    powers[:_ROWS] = powers[:_ROWS, :1]
    rows: Array = random.normal(size=powers.shape) * 10.0**powers
    return rows


def _around(edges: Edges, width: int, random: np.random.Generator) -> Array:
    """Each column in and a little beyond the range of what the model compares it with, and near to it."""
    rows = _of_all_sizes(width, random)
    asked = np.concatenate(edges(np.full((1, width), np.nan), random))  # only what it decides by is a number there
    for column, values in enumerate(asked.T):
        values = values[np.isfinite(values)]
        if len(values):
            low, high = values.min(), values.max()
            margin = max((high - low) * 0.2, abs(high) * 0.1)
            near = random.choice(values, _ROWS) + random.normal(0.0, 0.05, _ROWS) * margin
            rows[:, column] = np.concatenate((random.uniform(low - margin, high + margin, _ROWS), near))
    return rows
