"""Scalers: the same operations in the same order as scikit-learn's, so that every bit is the same."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from servegraph.kernels.steps.step import Array

_FUNCTIONS = {"-": np.subtract, "/": np.divide, "*": np.multiply, "+": np.add}


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic:
    """`rows <sign> operand`, value by value.

    Args:
        operand: one number a column, or one for all.
    """

    sign: Literal["-", "/", "*", "+"]
    operand: Array
    _function: np.ufunc = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_function", _FUNCTIONS[self.sign])

    def __call__(self, rows: Array, /) -> Array:
        result: Array = self._function(rows, self.operand)
        return result

    def onto(self, rows: Array, /) -> Array:
        """The rows, which are now the answer; they are of the answer's shape and type."""
        result: Array = self._function(rows, self.operand, rows)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """One operation, and another one in the place of what came of it: large rows are there once less."""

    first: Arithmetic
    second: Arithmetic

    def __call__(self, rows: Array, /) -> Array:
        return self.second.onto(self.first(rows))


@dataclass(frozen=True, slots=True)
class Clip:
    """No value below `low` or above `high`; what is missing stays missing."""

    low: float
    high: float

    def __call__(self, rows: Array, /) -> Array:
        return np.clip(rows, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Normalize:
    """Every row divided by its norm; a row of zeros stays."""

    norm: Literal["l1", "l2", "max"]

    def __call__(self, rows: Array, /) -> Array:
        match self.norm:
            case "l1":
                norms = np.sum(np.abs(rows), axis=1)
            case "l2":
                norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
            case "max":
                norms = np.max(np.abs(rows), axis=1)
        norms[norms < 10 * np.finfo(norms.dtype).eps] = 1.0  # as scikit-learn does
        result: Array = rows / norms[:, np.newaxis]
        return result
