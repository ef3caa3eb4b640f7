"""Read the body of an HTTP request, within bounds of size and time."""

import asyncio
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


async def read_body(scope: Any, protocol: Any, limit: int) -> bytes:
    """The whole body; most requests say how long it is, and are read in one go.

    Raises:
        TooLarge: it is, or says it is, over `limit` bytes.
        TooSlow: it took over a minute.
        Truncated: it ended early.
    """
    said = scope.headers.get("content-length")
    if said == "0" or (said is None and scope.headers.get("transfer-encoding") is None):
        return b""
    if said is not None and (not said.isdecimal() or int(said) > limit):
        raise _too_large(limit)
    patience = _Patience()
    try:
        return await (_pieces(scope, protocol, limit) if said is None else protocol())
    except asyncio.CancelledError as error:
        patience.blame(error)
        raise
    except (ProtocolClosed, ProtocolError) as error:
        raise Truncated("the body ended early") from error
    finally:
        patience.end()


class _Patience:
    """Cancels the running task when a body takes too long: `asyncio.timeout`, at a quarter of its cost."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._is_over = False
        self._timer = asyncio.get_running_loop().call_later(LIMIT_S, self._expire)

    def _expire(self) -> None:
        self._is_over = True
        self._task.cancel()

    def blame(self, error: asyncio.CancelledError) -> None:
        """Raise TooSlow if it was us who cancelled the task."""
        if self._is_over:
            self._task.uncancel()
            raise TooSlow(f"the body did not arrive in {LIMIT_S:.0f} s") from error

    def end(self) -> None:
        self._timer.cancel()


async def _pieces(scope: Any, protocol: Any, limit: int) -> bytes:
    pieces, size = [], 0
    async for piece in protocol:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
    # granian ends with an empty piece. Another one before it is an error that it hides, or the trailer's.
    if pieces[-2:] == [b"", b""] and scope.headers.get("trailer") is None:
        raise Truncated("the body ended early")
    return b"".join(pieces)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over {limit} bytes", hint="send fewer rows at once, or raise --max-body-mib")
