"""From scores to labels."""

from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array


@dataclass(frozen=True, slots=True, eq=False)
class Above:
    """(n,) scores to the second of two classes where they are above `limit`, or just on it if `inclusive`."""

    classes: Array
    limit: float = 0.0
    inclusive: bool = False

    def __call__(self, rows: Array, /) -> Array:
        chosen = rows >= self.limit if self.inclusive else rows > self.limit
        labels: Array = self.classes.take(chosen.astype(np.intp))
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class Largest:
    """(n, classes) scores to the class of the largest; of equal ones the first."""

    classes: Array

    def __call__(self, rows: Array, /) -> Array:
        labels: Array = self.classes.take(rows.argmax(axis=1))
        return labels
