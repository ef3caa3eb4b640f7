"""Rows of numbers that each worker keeps for itself and everybody can read: counts, sums, states."""

import json
import logging
import mmap
from collections.abc import Mapping, MutableSequence, Sequence
from threading import Lock
from typing import cast

from servegraph.shared.records import Records

ROOM = 32 * 2**20  # bytes for one worker; what is never written takes no memory

Key = tuple[str, ...]
type Row = memoryview[float]
Rows = dict[Key, Row]

log = logging.getLogger(__name__)


class Board:
    """The rows of all workers; made before they are forked.

    A row has a family and a key in it. One place is one worker's, and after its end its successor's.
    """

    def __init__(self, places: int, room: int = ROOM) -> None:
        self._readers = [_Reader(Records(memoryview(mmap.mmap(-1, room)))) for _ in range(places)]

    def place(self, number: int) -> "Place":
        """The place, to write in; one process at a time may."""
        return Place(self, self._readers[number])

    def rows(self, family: str) -> list[Mapping[Key, Row]]:
        """The rows of a family, for each place."""
        return [reader.rows(family) for reader in self._readers]


class _Reader:
    """One place's rows, found again as they are added."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._families: dict[str, Rows] = {}
        self._seen = records.start
        self._lock = Lock()

    def rows(self, family: str) -> Rows:
        """A copy: rows may be added meanwhile."""
        with self._lock:
            self._read()
            return dict(self._families.get(family, ()))

    def row(self, family: str, key: Key, count: int) -> Row | None:
        """The row, made if there is none; None if there is no room for it."""
        with self._lock:
            self._read()
            rows = self._families.setdefault(family, {})
            if key not in rows:
                record = self.records.append(json.dumps([family, *key]).encode(), count)
                if record is None:
                    return None
                self._seen = record.end
                rows[key] = record.numbers
            return rows[key]

    def _read(self) -> None:
        for record in self.records.since(self._seen):
            family, *key = json.loads(record.text)
            self._families.setdefault(family, {})[tuple(key)] = record.numbers
            self._seen = record.end


class Place:
    """Implements `servegraph.observe.rows.Rows` for one worker."""

    def __init__(self, board: Board, own: _Reader) -> None:
        self._board = board
        self._own = own
        self._is_full = False

    def row(self, family: str, key: Key, count: int) -> MutableSequence[float]:
        """The worker's own numbers, 0 at first; where a worker ended, its successor goes on."""
        row = self._own.row(family, key, count)
        if row is None:
            if not self._is_full:
                log.warning("there is no room for more metrics: %s %s and others are not counted", family, key)
            self._is_full = True
            return [0.0] * count
        return cast(MutableSequence[float], row)

    def totals(self, family: str) -> dict[Key, Sequence[float]]:
        """All rows of a family, each the sum of what all workers have there."""
        totals: dict[Key, Sequence[float]] = {}
        for rows in self._board.rows(family):
            for key, numbers in rows.items():
                found, own = totals.get(key), numbers.tolist()
                totals[key] = own if found is None else [a + b for a, b in zip(found, own, strict=True)]
        return totals
