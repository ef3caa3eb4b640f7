"""What compiling a model gives: a kernel with its proof, or why there is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servegraph.kernels.steps import LeafMeans, LeafSums, Step, every
from servegraph.kernels.steps.step import Array

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Proof:
    """How a kernel was compared with its original.

    Args:
        rows: how many both answered.
        worst_difference: the largest, absolute below 1 and relative above.
        seconds: what it took.
        imagined: there were no rows that the model is known to take; they were made of its own numbers.
    """

    rows: int
    worst_difference: float
    seconds: float
    imagined: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call takes, in seconds: `call`, and `row` for every row."""

    call: float
    row: float

    def of(self, rows: int) -> float:
        """Seconds for so many rows at once."""
        return self.call + rows * self.row


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """Answers rows as the original's method does. Any number of threads may call it.

    Args:
        steps: one after the other.
        width: columns of a row.
        made_of: versions of the libraries whose models it stands for.
        sample: a few rows, and what they are answered.
    """

    steps: tuple[Step, ...]
    width: int
    proof: Proof
    cost: Cost
    made_of: tuple[tuple[str, str], ...]
    sample: tuple[Array, Array]

    def __call__(self, rows: NDArray[np.float64]) -> Array:
        """The answer for rows of shape (n, width): its shape and type are those of the original's.

        Raises:
            ValueError: the original refuses such rows; mostly in its words.
            TypeError: the rows are not float64 of two dimensions.
        """
        if rows.dtype != _FLOAT64 or rows.ndim != 2:
            raise TypeError(f"a kernel takes rows of float64 in two dimensions, got {rows.dtype} in {rows.ndim}")
        answer: Array = rows
        for step in self.steps:
            answer = step(answer)
        return answer

    @property
    def engine(self) -> str:
        """What computes: `onnxruntime`, or `numpy` where there are no trees."""
        return "onnxruntime" if self._trees else "numpy"

    @property
    def _trees(self) -> int:
        return sum(step.trees for step in every(self.steps) if isinstance(step, LeafMeans | LeafSums))

    def describe(self) -> str:
        """One line: what runs, how large it is, how it was proved."""
        trees = self._trees
        engine = f"{self.engine}, {trees:,} {'tree' if trees == 1 else 'trees'}" if trees else self.engine
        worst = "no difference" if self.proof.worst_difference == 0 else f"within {self.proof.worst_difference:.0e}"
        made = " made from the model" if self.proof.imagined else ""
        return f"{engine}, proved on {self.proof.rows:,} rows{made} ({worst})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no kernel: the original runs."""

    why: str
    made_of: tuple[tuple[str, str], ...] = ()

    def describe(self) -> str:
        """One line."""
        return f"not compiled: {self.why}"


Outcome = Kernel | Refusal
