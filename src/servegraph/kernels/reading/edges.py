"""Rows around what a model decides by: the values themselves, and their neighbours on both sides."""

from collections.abc import Sequence

import numpy as np

from servegraph.kernels.steps.step import Array

_NARROW_MAX = float(np.finfo(np.float32).max)
_MOST_ROWS = 5_000


def neighbours(values: Array) -> Array:
    """(n,) to (n, 8): the value, its neighbours in float64 and float32, and where rounding to float32 turns."""
    with np.errstate(all="ignore"):  # a threshold may be infinite
        narrow = np.clip(values, -_NARROW_MAX, _NARROW_MAX).astype(np.float32)
        below, above = np.nextafter(narrow, np.float32(-np.inf)), np.nextafter(narrow, np.float32(np.inf))
        wide = [array.astype(np.float64) for array in (narrow, below, above)]
        turns = [(wide[0] + wide[1]) / 2, (wide[0] + wide[2]) / 2]
        return np.stack([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf), *wide, *turns], axis=1)


def around_values(columns: Sequence[Array], rows: Array, random: np.random.Generator) -> list[Array]:
    """Usual rows, with one column set to a value of its list or to a neighbour."""
    made = []
    for column, values in enumerate(columns):
        special = neighbours(values[np.isfinite(values)]).ravel()
        special = np.concatenate((special, values))
        block = rows[random.integers(len(rows), size=len(special))].copy()
        block[:, column] = special
        made.append(block)
    every: Array = np.concatenate(made)
    return [every if len(every) <= _MOST_ROWS else random.choice(every, _MOST_ROWS, replace=False)]
