"""What a child prints: passed on line by line with its name in front, the last lines kept."""

import asyncio
import os
import re
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from zlib import crc32

Echo = Callable[[str, str], None]
"""Is given a child's name and a line of its output, without line end and control characters."""

TAIL_LINES = 20
LONGEST_LINE = 8192  # a longer one comes in pieces
_COLOURS = (36, 33, 35, 32, 34)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Output:
    """The lines of one child."""

    def __init__(self, name: str, echo: Echo) -> None:
        self._name = name
        self._echo = echo
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def tail(self) -> list[str]:
        """The last lines."""
        return list(self._tail)

    async def read(self, descriptor: int) -> None:
        """Pass on what comes through a pipe until its other end is closed. The pipe is closed, too."""
        reader = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            await self._read_lines(reader)
        finally:
            transport.close()

    async def _read_lines(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(2**16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._say(line)
            if len(rest) >= LONGEST_LINE:
                whole = len(rest) - len(rest) % LONGEST_LINE
                self._say(rest[:whole])
                rest = rest[whole:]
        if rest:
            self._say(rest)

    def _say(self, line: bytes) -> None:
        for start in range(0, len(line) or 1, LONGEST_LINE):
            self._say_piece(line[start : start + LONGEST_LINE])

    def _say_piece(self, piece: bytes) -> None:
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", piece.decode("utf-8", "replace").rstrip("\r"))
        self._tail.append(text)
        with suppress(OSError):  # nobody listens to us; the child shall be able to go on
            self._echo(self._name, text)


def to_stderr(name: str, line: str) -> None:
    """Print `name | line` to standard error; on a terminal each name has its colour."""
    label = f"{name} |"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        label = f"\x1b[{_COLOURS[crc32(name.encode()) % len(_COLOURS)]}m{label}\x1b[0m"
    print(label, line, file=sys.stderr)
