"""From a model's sums to what it answers: probabilities, rates, numbers.

To the last bit where two classes may tie, so with the exponential of the C library, which the originals call.
NumPy's own, for float64, is another one; for complex numbers, and in `math`, it is the library's. XGBoost's, in
float32, is right to the last bit or nearly: it is taken in float64 and rounded once.
"""

import math
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array

_FEW = 8  # up to here, NumPy's calls cost more than a loop
_LARGEST = 709.0  # the exponential of more is infinite
_NARROW_LARGEST = float(np.float32(88.7))


@dataclass(frozen=True, slots=True)
class Flat:
    """(n, 1) to (n,)."""

    def __call__(self, rows: Array, /) -> Array:
        return rows.reshape(-1)


@dataclass(frozen=True, slots=True)
class Logistic:
    """`1 / (1 + exp(-factor * sum))` in float64, of any shape."""

    factor: float = 1.0

    def __call__(self, rows: Array, /) -> Array:
        sums = rows if self.factor == 1.0 else rows * self.factor
        if sums.size <= _FEW:
            few = [1.0 / (1.0 + math.exp(min(-value, _LARGEST))) for value in sums.ravel().tolist()]
            return np.array(few).reshape(sums.shape)
        powers: Array = np.exp(np.minimum(-sums, _LARGEST).astype(np.complex128)).real + 1.0
        return np.reciprocal(powers, out=powers)


@dataclass(frozen=True, slots=True)
class NarrowLogistic:
    """(n,) sums: the same in float32; one below -88.7 counts as -88.7."""

    def __call__(self, rows: Array, /) -> Array:
        if len(rows) <= _FEW:
            wide = np.array([math.exp(min(-value, _NARROW_LARGEST)) for value in rows.tolist()])
        else:
            wide = np.exp(np.minimum(-rows, _NARROW_LARGEST, dtype=np.float64))
        powers = wide.astype(np.float32)
        powers += np.float32(1.0)
        return np.reciprocal(powers, out=powers)


@dataclass(frozen=True, slots=True)
class Pair:
    """(n,) probabilities of the second of two classes to (n, 2)."""

    def __call__(self, rows: Array, /) -> Array:
        if len(rows) <= _FEW:
            return np.array([(1.0 - value, value) for value in rows.tolist()], rows.dtype)
        both = np.empty((len(rows), 2), rows.dtype)
        both[:, 1] = rows
        np.subtract(1, rows, out=both[:, 0])
        return both


@dataclass(frozen=True, slots=True)
class Softmax:
    """(n, classes) sums to probabilities."""

    def __call__(self, rows: Array, /) -> Array:
        powers: Array = np.exp(rows - rows.max(axis=1).reshape(-1, 1))
        powers /= powers.sum(axis=1).reshape(-1, 1)
        return powers


@dataclass(frozen=True, slots=True)
class NarrowSoftmax:
    """The same in float32, summed in float64."""

    def __call__(self, rows: Array, /) -> Array:
        below = rows - rows.max(axis=1).reshape(-1, 1)
        powers: Array = np.exp(below.astype(np.float64)).astype(np.float32)
        powers /= powers.sum(axis=1, dtype=np.float64).astype(np.float32).reshape(-1, 1)
        return powers


@dataclass(frozen=True, slots=True)
class Shares:
    """(n, classes) probabilities of one class against all others to shares of one; all zero become equal."""

    def __call__(self, rows: Array, /) -> Array:
        total = rows.sum(axis=1)
        empty = total == 0
        if empty.any():
            rows = np.where(empty[:, np.newaxis], 1.0, rows)
            total = np.where(empty, float(rows.shape[1]), total)
        shares: Array = rows / total.reshape(-1, 1)
        return shares


@dataclass(frozen=True, slots=True)
class Exponential:
    """`exp(sum)`, in float64 and then rounded to what came."""

    def __call__(self, rows: Array, /) -> Array:
        with np.errstate(over="ignore"):
            powers: Array = np.exp(rows.astype(np.float64)).astype(rows.dtype)
        return powers
