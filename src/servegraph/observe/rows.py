"""Where counts are kept: rows of numbers, each with a key in a family.

What counts adds to the rows of its own process; what shows asks for totals, which are those of all
processes that serve together. Here is the case of one process.
"""

from collections.abc import Mapping, MutableSequence, Sequence
from typing import Protocol

Key = tuple[str, ...]
Row = MutableSequence[float]


class Rows(Protocol):
    """Rows of one process; `servegraph.shared.Place` is such for one of several."""

    def row(self, family: str, key: Key, count: int) -> Row:
        """The numbers of a key, so many, 0 at first: to be kept, and added to."""

    def totals(self, family: str) -> Mapping[Key, Sequence[float]]:
        """The numbers of all keys, summed over all processes; may be asked in another thread."""


class OwnRows:
    """The rows of a process that serves alone."""

    def __init__(self) -> None:
        self._families: dict[str, dict[Key, Row]] = {}

    def row(self, family: str, key: Key, count: int) -> Row:
        rows = self._families.setdefault(family, {})
        found = rows.get(key)
        if found is None:
            found = rows[key] = [0] * count
        return found

    def totals(self, family: str) -> Mapping[Key, Sequence[float]]:
        return dict(self._families.get(family, ()))


class Brought:
    """Counts that another part of this process keeps, brought into rows whenever they are looked at.

    A process that goes on where another one ended adds to what that one counted.
    """

    def __init__(self, rows: Rows, family: str) -> None:
        self._rows = rows
        self._family = family
        self._begun: dict[Key, tuple[float, ...]] = {}

    def totals(self, counts: Mapping[Key, Sequence[float]]) -> Mapping[Key, Sequence[int]]:
        """The totals, given this process's own counts now, of which each key has equally many each time."""
        for key, numbers in counts.items():
            row = self._rows.row(self._family, key, len(numbers))
            begun = self._begun.setdefault(key, tuple(row))
            for index, number in enumerate(numbers):
                row[index] = begun[index] + number
        return {key: [int(number) for number in row] for key, row in self._rows.totals(self._family).items()}
