"""What compiling a model gives: a kernel with its proof, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    """

    rows: int
    worst_difference: float
    seconds: float


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

    def describe(self) -> str:
        """One line: what runs, how large it is, how it was proved."""
        trees = sum(step.trees for step in every(self.steps) if isinstance(step, LeafMeans | LeafSums))
        engine = f"onnxruntime, {trees:,} {'tree' if trees == 1 else 'trees'}" if trees else "numpy"
        worst = "no difference" if self.proof.worst_difference == 0 else f"within {self.proof.worst_difference:.0e}"
        return f"{engine}, proved on {self.proof.rows:,} rows ({worst})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no kernel: the original runs."""

    why: str
    made_of: tuple[tuple[str, str], ...] = ()

    def describe(self) -> str:
        """One line."""
        return f"not compiled: {self.why}"


Outcome = Kernel | Refusal


def chain(kernels: Sequence[Kernel]) -> Kernel:
    """One kernel that does what the kernels do, one after the other, bit for bit.

    Raises:
        ValueError: one answers what the next does not take.
    """
    for before, after in pairwise(kernels):
        answered = before.sample[1]
        if answered.ndim != 2 or answered.shape[1] != after.width or answered.dtype != _FLOAT64:
            raise ValueError(f"rows of {after.width} features do not come out of the kernel before")
    first, proofs = kernels[0], [kernel.proof for kernel in kernels]
    answers = first.sample[0]
    for kernel in kernels:
        answers = kernel(answers)
    return Kernel(
        steps=tuple(step for kernel in kernels for step in kernel.steps),
        width=first.width,
        proof=Proof(
            rows=sum(proof.rows for proof in proofs),
            worst_difference=max(proof.worst_difference for proof in proofs),
            seconds=sum(proof.seconds for proof in proofs),
        ),
        cost=Cost(sum(kernel.cost.call for kernel in kernels), sum(kernel.cost.row for kernel in kernels)),
        made_of=tuple(sorted({library for kernel in kernels for library in kernel.made_of})),
        sample=(first.sample[0], answers),
    )
