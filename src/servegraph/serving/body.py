"""Read the body of an HTTP request, within bounds of size and time."""

import asyncio
from time import monotonic
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError

from servegraph.errors import PayloadError

LIMIT_S = 60.0  # what a client may take to send a body


class TooLarge(PayloadError):
    """The body is over the limit."""


class TooSlow(PayloadError):
    """The body did not arrive in time."""


class Truncated(PayloadError):
    """The client hung up before the end of its body."""


class BodyReader:
    """Reads the bodies of one port.

    Args:
        limit: bytes of a body.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._patience = _Patience()

    async def read(self, headers: Any, protocol: Any) -> bytes:
        """The whole body; most requests say how long it is, and are read in one go.

        Raises:
            TooLarge: it is, or says it is, over the limit.
            TooSlow: it took over a minute.
            Truncated: it ended early.
        """
        said = headers.get("content-length")
        if said == "0" or (said is None and headers.get("transfer-encoding") is None):
            return b""
        if said is not None and (not said.isdecimal() or int(said) > self._limit):
            raise _too_large(self._limit)
        task = self._patience.begin()
        try:
            return await (_pieces(headers, protocol, self._limit) if said is None else protocol())
        except asyncio.CancelledError as error:
            self._patience.blame(task, error)
            raise
        except (ProtocolClosed, ProtocolError) as error:
            raise Truncated("the body ended early") from error
        finally:
            self._patience.end(task)


class _Patience:
    """Cancels tasks whose bodies take too long, with one timer for all: `asyncio.timeout` costs ten times as much."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Task[Any], float] = {}  # since when; the first one has waited longest
        self._overdue: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[Any]:
        """The running task begins to wait."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = monotonic()
        if self._timer is None:
            self._timer = task.get_loop().call_later(LIMIT_S, self._look)
        return task

    def _look(self) -> None:
        now, self._timer = monotonic(), None
        for task, since in list(self._waiting.items()):
            left = since + LIMIT_S - now
            if left > 0:
                self._timer = task.get_loop().call_later(left, self._look)
                return
            del self._waiting[task]
            self._overdue.add(task)
            task.cancel()

    def blame(self, task: asyncio.Task[Any], error: asyncio.CancelledError) -> None:
        """Raise TooSlow if it was us who cancelled the task."""
        if task in self._overdue:
            task.uncancel()
            raise TooSlow(f"the body did not arrive in {LIMIT_S:.0f} s") from error

    def end(self, task: asyncio.Task[Any]) -> None:
        """The task has its body, or will get none."""
        self._waiting.pop(task, None)
        if self._overdue:
            self._overdue.discard(task)


async def _pieces(headers: Any, protocol: Any, limit: int) -> bytes:
    pieces, size = [], 0
    async for piece in protocol:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
    # granian ends with an empty piece. Another one before it is an error that it hides, or the trailer's.
    if pieces[-2:] == [b"", b""] and headers.get("trailer") is None:
        raise Truncated("the body ended early")
    return b"".join(pieces)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over {limit} bytes", hint="send fewer rows at once, or raise --max-body-mib")
