"""Two answers to the same rows, held against each other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.reading import Unreadable
from servegraph.kernels.steps import Step, run
from servegraph.kernels.steps.step import Array

_SINGLE = 8  # refused rows that are asked one by one
_SHOWN = 6  # values of a row in a message


class Counterexample(Exception):
    """A row that the original and the steps answer differently; says which."""


@dataclass
class Comparison:
    """Asks both, and counts.

    Args:
        method: of the original; scores and probabilities must also agree on the class.
        tolerance: for numbers; 0 means every bit.
    """

    original: Callable[[Array], Array]
    steps: tuple[Step, ...]
    method: str
    tolerance: float
    rows: int = 0
    worst: float = 0.0

    def check(self, rows: Array) -> Array | None:
        """The original's answer; None if both refuse the rows.

        Raises:
            Counterexample: they differ.
        """
        want, got = _attempt(self.original, rows), self._kernel(rows)
        if isinstance(want, Exception) or isinstance(got, Exception):
            self._refused(rows, want, got)
            return None
        if want.shape != got.shape or want.dtype != got.dtype:
            raise Counterexample(
                f"the original answers {want.dtype} of shape {want.shape}, the kernel {got.dtype} of {got.shape}"
            )
        self._same(rows, want, got)
        self.rows += len(rows)
        return want

    def singly(self, rows: Array, want: Array) -> None:
        """Asks only the steps, row by row; `want` is what the original answered to all at once."""
        for number in range(len(rows)):
            self._same(rows[number : number + 1], want[number : number + 1], run(self.steps, rows[number : number + 1]))

    def _refused(self, rows: Array, want: Array | Exception, got: Array | Exception) -> None:
        """Some or all of the rows are refused by one or both: compares those that are taken, and some others singly."""
        if len(rows) == 1:
            if isinstance(want, Exception) and isinstance(got, ValueError):
                return
            raise Counterexample(f"for {_shown(rows[0])} the original says {_said(want)}, the kernel {_said(got)}")
        taken = np.array([not isinstance(self._kernel(row[np.newaxis]), Exception) for row in rows])
        if taken.all():
            self.check(self._first_refused(rows))
            raise Counterexample(f"the original takes rows one by one, but not together: {_said(want)}")
        if taken.any():
            self.check(rows[taken])
        others = rows[~taken]
        for row in others[:: max(1, len(others) // _SINGLE)]:
            self.check(row[np.newaxis])

    def _first_refused(self, rows: Array) -> Array:
        """One row that the original refuses, if it is the row and not their number."""
        while len(rows) > 1:
            half = rows[: len(rows) // 2]
            rows = half if isinstance(_attempt(self.original, half), Exception) else rows[len(half) :]
        return rows

    def _kernel(self, rows: Array) -> Array | Exception:
        return _attempt(lambda asked: run(self.steps, asked), rows)

    def _same(self, rows: Array, want: Array, got: Array) -> None:
        if want.dtype.kind not in "fc":
            self._demand(rows, want, got, want == got)
            return
        both_missing = np.isnan(want) & np.isnan(got)
        with np.errstate(invalid="ignore"):
            difference = np.abs(want.astype(np.float64) - got) / np.maximum(1.0, np.abs(want.astype(np.float64)))
        difference[both_missing | (want == got)] = 0.0
        self._demand(rows, want, got, difference <= self.tolerance)
        if self.method in ("predict_proba", "decision_function"):
            self._demand(rows, want, got, _classes(want) == _classes(got))
        if difference.size:
            self.worst = max(self.worst, float(difference.max()))

    def _demand(self, rows: Array, want: Array, got: Array, equal: Array) -> None:
        if equal.all():
            return
        first = int(np.argmin(equal.reshape(len(rows), -1).all(axis=1)))
        raise Counterexample(
            f"for {_shown(rows[first])} the original answers {_shown(want[first])}, the kernel {_shown(got[first])}"
        )


def _classes(scores: Array) -> Array:
    return scores > 0 if scores.ndim == 1 else scores.argmax(axis=1)


def _attempt(ask: Callable[[Array], Array], rows: Array) -> Array | Exception:
    try:
        with np.errstate(all="ignore"):  # rows of 1e300 overflow on both sides
            return ask(rows)
    except Unreadable:
        raise
    except Exception as error:  # whatever a model pleases to raise
        return error


def _shown(values: Array) -> str:
    flat = np.atleast_1d(values).tolist()
    text = ", ".join(map(repr, flat[:_SHOWN]))
    return f"[{text}{', ...' if len(flat) > _SHOWN else ''}]"


def _said(outcome: Array | Exception) -> str:
    return repr(str(outcome).partition("\n")[0]) if isinstance(outcome, Exception) else _shown(outcome[0])
