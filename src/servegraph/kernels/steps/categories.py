"""Encoders of categories that are numbers.

All columns are looked up at once: `known` holds the categories of all of them, sorted, and a table says
what each column makes of each. A column's entry for a category that it does not have is `_UNKNOWN`.
"""

from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array

UNKNOWN = -2
"""In tables of places: the column has no such category."""

NOWHERE = -1
"""In tables of places: the category is not shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Recode:
    """A number for each category.

    Args:
        known: (categories,) sorted, without NaN.
        places: (columns, categories) index into `numbers`, or UNKNOWN.
        absent: (columns,) the same for NaN.
        other: (columns,) the same for any other value; UNKNOWN refuses it.
        numbers: what is answered.
    """

    known: Array
    places: Array
    absent: Array
    other: Array
    numbers: Array

    def __call__(self, rows: Array, /) -> Array:
        return self.numbers.take(_places(rows, self.known, self.places, self.absent, self.other))


@dataclass(frozen=True, slots=True, eq=False)
class OneHot:
    """A one in the place of each category.

    Args:
        known, places, absent, other: as for `Recode`; places are columns of the answer, or NOWHERE.
        width: columns of the answer.
    """

    known: Array
    places: Array
    absent: Array
    other: Array
    width: int

    def __call__(self, rows: Array, /) -> Array:
        places = _places(rows, self.known, self.places, self.absent, self.other)
        answer = np.zeros((len(rows), self.width + 1))
        answer[np.arange(len(rows))[:, np.newaxis], places] = 1.0  # NOWHERE is the last column, which is cut off
        return np.ascontiguousarray(answer[:, :-1])


def _places(rows: Array, known: Array, places: Array, absent: Array, other: Array) -> Array:
    """(rows, columns) what the table says of each value.

    Raises:
        ValueError: a value that the encoder does not know, in scikit-learn's words.
    """
    at = known.searchsorted(rows)
    at[at == len(known)] = 0
    found: Array = np.where(known.take(at) == rows, places[np.arange(rows.shape[1]), at], UNKNOWN)
    unknown = found == UNKNOWN
    if unknown.any():
        found = np.where(unknown, np.where(np.isnan(rows), absent, other), found)
        found = np.where(found == UNKNOWN, other, found)
        refused = found == UNKNOWN
        if refused.any():
            column = int(refused.any(axis=0).argmax())
            values = list(np.unique(rows[refused[:, column], column]))
            raise ValueError(f"Found unknown categories {values} in column {column} during transform")
    return found
