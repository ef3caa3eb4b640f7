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
    try:
        async with asyncio.timeout(LIMIT_S):
            return await (_pieces(scope, protocol, limit) if said is None else protocol())
    except TimeoutError as error:
        raise TooSlow(f"the body did not arrive in {LIMIT_S:.0f} s") from error
    except (ProtocolClosed, ProtocolError) as error:
        raise Truncated("the body ended early") from error


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
