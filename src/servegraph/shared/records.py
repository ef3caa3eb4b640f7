"""Texts, and the numbers that belong to each, one behind the other in memory: one process appends, all read.

A record counts when the first word of the memory, the number of bytes in use, includes it. That is
written last, so a writer that is killed leaves whole records, and its successor goes on behind them.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_START = 8  # the bytes in use stand before
_SIZES = struct.Struct("=II")  # bytes of the text, count of the numbers


class Record(NamedTuple):
    """One record; `numbers` are the memory itself, `end` is where the next one begins."""

    text: bytes
    numbers: "memoryview[float]"
    end: int


class Records:
    """The records in some memory, which is all zeros at first."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._used = memory[:_START].cast("Q")
        self.start = _START

    @property
    def end(self) -> int:
        """Where the last record ends."""
        return max(_START, int(self._used[0]))

    def append(self, text: bytes, count: int) -> Record | None:
        """A new record with so many numbers, all 0; None when the memory is full."""
        offset = self.end
        end = offset + _SIZES.size + _padded(text) + 8 * count
        if end > len(self._memory):
            return None
        _SIZES.pack_into(self._memory, offset, len(text), count)
        begin = offset + _SIZES.size
        self._memory[begin : begin + len(text)] = text
        self._used[0] = end
        return self.at(offset)

    def at(self, offset: int) -> Record:
        """The record that begins there."""
        length, count = _SIZES.unpack_from(self._memory, offset)
        text = offset + _SIZES.size
        numbers = text + length + -length % 8
        end = numbers + 8 * count
        return Record(bytes(self._memory[text : text + length]), self._memory[numbers:end].cast("d"), end)

    def since(self, offset: int) -> Iterator[Record]:
        """The records from there on."""
        while offset < self.end:
            record = self.at(offset)
            yield record
            offset = record.end


def _padded(text: bytes) -> int:
    return len(text) + -len(text) % 8
