"""What a model refuses, its kernel refuses, in the model's own words.

The words were heard when the kernel was made: the model was asked with a row of each kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array

_SMALL = 1e75  # a sum of squares below holds no NaN, no infinity and nothing that float32 cannot hold
NARROW_LIMIT = float(np.finfo(np.float32).max) * (1 + 2**-25)
"""From here on, float32 is infinite."""

WIDTH = "{width}"
"""In the words for a wrong number of columns: the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """Passes rows that the model takes.

    Args:
        width: columns of a row.
        words: what is said of rows that are refused, by kind: `nan`, `infinite`, `large` (finite, but not in
            float32), `width`, `empty`. A kind that is not there is accepted, but for the last two.
        narrow: the model rounds to float32, so what is too large for it becomes infinite.
    """

    width: int
    words: Mapping[str, str]
    narrow: bool = False

    def __call__(self, rows: Array, /) -> Array:
        """The rows.

        Raises:
            ValueError: the model does not take them.
        """
        values = rows.ravel()
        if rows.shape[1] == self.width and values.dot(values) < _SMALL and len(rows):
            return rows
        return self._examined(rows)

    def _examined(self, rows: Array) -> Array:
        if not len(rows):
            raise ValueError(self.words.get("empty", "there is no row"))
        if "nan" in self.words and np.isnan(rows).any():
            raise ValueError(self.words["nan"])
        largest = np.fmax.reduce(np.abs(rows), axis=None)  # NaN only if all are
        if largest == np.inf and "infinite" in self.words:
            raise ValueError(self.words["infinite"])
        if largest >= NARROW_LIMIT:
            rows = self._large(rows)
        if rows.shape[1] != self.width:
            said = self.words.get("width", f"the model takes rows of {self.width} features, got {WIDTH}")
            raise ValueError(said.replace(WIDTH, str(rows.shape[1])))
        return rows

    def _large(self, rows: Array) -> Array:
        large = (np.abs(rows) >= NARROW_LIMIT) & ~np.isinf(rows)
        if "large" in self.words and large.any():
            raise ValueError(self.words["large"])
        return np.where(large, np.copysign(np.inf, rows), rows) if self.narrow else rows
