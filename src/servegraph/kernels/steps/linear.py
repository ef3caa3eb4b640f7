"""Linear models: the sum of weighted columns, in the order in which the original adds."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from servegraph.kernels.steps.step import Array

_BLOCK = 1 << 17  # products held at once


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """`rows @ weights + intercept`, added up as BLAS does.

    Args:
        weights: (columns,), or (outputs, columns).
        intercept: one number, or one for each output.
    """

    weights: Array
    intercept: Array
    _turned: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turned", self.weights.T)

    def __call__(self, rows: Array, /) -> Array:
        result: Array = rows.dot(self._turned) + self.intercept
        return result


@dataclass(frozen=True, slots=True, eq=False)
class InOrder:
    """The same, added from the first column to the last, as the product with a sparse matrix does."""

    weights: Array
    intercept: Array

    def __call__(self, rows: Array, /) -> Array:
        parts = [np.add.accumulate(block, axis=-1)[..., -1] for block in self._products(rows)]
        result: Array = np.concatenate(parts) + self.intercept
        return result

    def _products(self, rows: Array) -> Iterator[Array]:
        at_once = max(1, _BLOCK // max(1, self.weights.size))
        for start in range(0, len(rows), at_once):
            block = rows[start : start + at_once]
            yield (block if self.weights.ndim == 1 else block[:, np.newaxis, :]) * self.weights
