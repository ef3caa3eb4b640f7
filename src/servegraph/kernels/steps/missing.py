"""Imputers: another value where one is missing."""

import math
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """`values` where `missing` was, in the columns `kept`; then a column of 0 and 1 for each of `flagged`.

    Args:
        missing: NaN, or the number that stands for a missing value.
        kept: numbers of the columns that stay; the others had no value when the imputer was fitted.
        values: one for each of `kept`.
    """

    missing: float
    kept: Array
    values: Array
    flagged: Array

    def __call__(self, rows: Array, /) -> Array:
        absent = np.isnan(rows) if math.isnan(self.missing) else rows == self.missing
        every = len(self.kept) == rows.shape[1]
        body, hidden = (rows, absent) if every else (rows.take(self.kept, axis=1), absent.take(self.kept, axis=1))
        filled = np.where(hidden, self.values, body) if hidden.any() else body
        if not len(self.flagged):
            return filled
        return np.hstack((filled, absent.take(self.flagged, axis=1)))
