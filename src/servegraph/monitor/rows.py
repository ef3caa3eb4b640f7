"""Rows in the order they came, taken by count; both ends of the socket queue rows like this."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Chunk(NamedTuple):
    """Rows that passed one node together; `rows` has shape (n, features), n >= 1."""

    node: str
    names: Sequence[str]
    rows: NDArray[Any]


class RowQueue:
    """First in, first out; `len()` and `count` are of rows, and the caller keeps it within bounds."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks)

    @property
    def width(self) -> int:
        """Features of the next row, 0 when there is none."""
        return self._chunks[0].rows.shape[1] if self._chunks else 0

    def put(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self.count += len(chunk.rows)

    def take(self, limit: int) -> list[Chunk]:
        """The oldest rows, at most `limit` of them; a chunk is split where the limit falls."""
        taken = []
        while limit > 0 and self._chunks:
            chunk = self._chunks.popleft()
            if len(chunk.rows) > limit:
                self._chunks.appendleft(chunk._replace(rows=chunk.rows[limit:]))
                chunk = chunk._replace(rows=chunk.rows[:limit])
            limit -= len(chunk.rows)
            self.count -= len(chunk.rows)
            taken.append(chunk)
        return taken
