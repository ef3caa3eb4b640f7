"""What every step is."""

from collections.abc import Iterable
from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]


class Step(Protocol):
    """A dataclass whose fields are numbers, texts, arrays, bytes or steps, so that a file can hold it."""

    def __call__(self, rows: Array, /) -> Array:
        """The answer for `rows`, which it never changes and may return as they are."""


def run(steps: Iterable[Step], rows: Array) -> Array:
    """One step after the other."""
    for step in steps:
        rows = step(rows)
    return rows
