"""The rows to send: held-out rows in shuffled epochs, changed by a script from a row on.

What a project's training module must offer is said here. Nothing here sends anything.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Labels = NDArray[np.int64]
Shift = Callable[[Rows, Labels, np.random.Generator], tuple[Rows, Labels]]
"""A change of the stream: takes raw rows (n, features) and labels (n,), leaves them as they are,
and returns the changed ones; it may resample them."""


class Stream(Protocol):
    """What `held_out` of a training module returns.

    Shape:
        rows (n, features), n >= 1; labels (n,): numbers of classes, which are the columns of a
        model's probabilities in the order of class_names.
    """

    @property
    def rows(self) -> Rows: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def feature_names(self) -> Sequence[str]: ...
    @property
    def class_names(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Script:
    """A shift by its name, and the number of the first row that it acts on (rows count from 0)."""

    name: str
    shift: Shift
    at: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row to send, its number in the stream, the class it belongs to, and whether the script acts on it."""

    number: int
    values: Rows
    label: int
    shifted: bool


def play(stream: Stream, script: Script | None, count: int, seed: int) -> Iterator[Row]:
    """`count` rows; the same for the same seed.

    An epoch is the whole stream, shuffled anew; the script's first row begins an epoch of its own.
    """
    rng = np.random.default_rng(seed)
    before = _epochs(stream, None, rng)
    after = _epochs(stream, script.shift if script else None, rng)
    for number in range(count):
        shifted = script is not None and number >= script.at
        values, label = next(after if shifted else before)
        yield Row(number, values, int(label), shifted)


def _epochs(stream: Stream, shift: Shift | None, rng: np.random.Generator) -> Iterator[tuple[Rows, np.int64]]:
    while True:
        order = rng.permutation(len(stream.rows))
        rows, labels = stream.rows[order], stream.labels[order]
        if shift is not None:
            # A whole epoch at a time: a change of the mix of rows needs many to choose from.
            rows, labels = shift(rows, labels, rng)
        yield from zip(rows, labels, strict=True)
