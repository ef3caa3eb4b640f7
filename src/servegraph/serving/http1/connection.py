"""One client's connection: its requests are answered one after the other, in the order in which they came."""

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import Protocol, cast

from servegraph.serving.http1.head import WITHOUT_BODY, Heads
from servegraph.serving.http1.known import KnownHeads
from servegraph.serving.http1.message import Application, Gone, Request, Response, TooSlow, Truncated
from servegraph.serving.http1.reader import BadHead, RequestReader, Stage

HEAD_S = 30.0  # what a client may take for the head of a request, and until its first one
BODY_S = 60.0  # and for a whole request
STALL_S = 120.0  # what a client may take to read anything of what it was sent
LINGER_S = 2.0  # how long what a client still sends is thrown away, so that it can read why
_TURNS = 64  # of one client, before the others have theirs
_LARGE = 64 * 1024  # bytes of a body that is not copied behind its head
_GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"

log = logging.getLogger(__name__)


class Port(Protocol):
    """What the connections of one port have in common.

    Attributes:
        is_leaving: whether clients are asked to close their connections.
        in_flight, served: requests that are being answered, and that were.
    """

    application: Application
    heads: Heads
    known: KnownHeads
    is_leaving: bool
    in_flight: int
    served: int

    def opened(self, connection: "Connection") -> None:
        """There is a client."""

    def closed(self, connection: "Connection") -> None:
        """It is gone."""


class Connection(asyncio.Protocol):
    """Implements the server's side."""

    def __init__(self, port: Port, loop: asyncio.AbstractEventLoop) -> None:
        self._port = port
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._gone = Gone()
        self._waiting: deque[Request | BadHead] = deque()
        self._reader = RequestReader(port.application.max_body, port.known, self._waiting, self._gone)
        self._task: asyncio.Task[None] | None = None
        self._unread = 0
        self._unread_since = 0.0
        self._is_busy = False
        self._is_full = False
        self._is_held = False

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to answer, and nothing on its way, in either direction, that we know of."""
        if self._is_busy or self._waiting or self._reader.stage not in (Stage.NOTHING, Stage.LOST):
            return False
        return self._transport is None or not self._transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._port.opened(self)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        if self._waiting or reader.wants_leave:
            self._proceed()

    def eof_received(self) -> bool:
        """Answer what was asked, as a client may have ended only its own side."""
        self._lose()
        transport = self._transport
        # Over TLS there is no such end.
        return (self._is_busy or bool(self._waiting)) and transport is not None and transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lose()
        self._waiting.clear()
        self._reader.end()
        self._port.closed(self)

    def _lose(self) -> None:
        self._gone.tell()
        if self._reader.stage is Stage.BODY:
            self._reader.give_up(Truncated("the body ended early"))
            self._proceed()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._proceed()

    def look(self, now: float) -> None:
        """Give up on a client that takes too long; `now` is on the monotonic clock, in seconds."""
        reader = self._reader
        if self._is_held:
            reader.since = now
        elif reader.stage is Stage.BODY and now - reader.since > BODY_S:
            reader.give_up(TooSlow(f"the body did not arrive in {BODY_S:.0f} s"))
            self._proceed()
        elif reader.stage is Stage.HEAD or (reader.stage is Stage.NOTHING and reader.is_new):
            if now - reader.since > HEAD_S and not self._is_busy:
                self.close()
        self._look_whether_it_reads(now)

    def _look_whether_it_reads(self, now: float) -> None:
        unread = 0 if self._transport is None else self._transport.get_write_buffer_size()
        if not unread or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since > STALL_S:
            self.abort()

    def close(self) -> None:
        """Say nothing more than what was said."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Be gone at once."""
        if self._transport is not None:
            self._transport.abort()

    def _proceed(self) -> None:
        """Answer what waits, as far as can be done now; while some of it waits, nothing more is read."""
        waiting = self._waiting
        turns = _TURNS
        while waiting and not self._is_busy and not self._is_full:
            if not turns:
                self._loop.call_soon(self._proceed)
                break
            turns -= 1
            self._begin(waiting.popleft())
        if self._is_held is not bool(waiting):
            self._hold(bool(waiting))
        if self._reader.wants_leave and not waiting and not self._is_busy:
            self._give_leave()

    def _give_leave(self) -> None:
        """Ask for the body of a request, if it is still kept back."""
        reader, transport = self._reader, self._transport
        if reader.is_waited_for and transport is not None and not transport.is_closing():
            reader.since = monotonic()
            transport.write(_GO_AHEAD)
        reader.wants_leave = False

    def _hold(self, is_held: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._is_held = is_held
        if is_held:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _begin(self, item: Request | BadHead) -> None:
        if isinstance(item, BadHead):
            self._send(Response(item.status), None)
            return
        self._is_busy = True
        # What need not wait is answered here and now.
        task = asyncio.Task(self._answer(item), loop=self._loop, eager_start=True)
        if self._is_busy:
            self._task = task

    async def _answer(self, request: Request) -> None:
        port = self._port
        port.in_flight += 1
        try:
            response = await port.application(request)
        except Exception:
            log.exception("a request failed")
            response = Response(500)
        except BaseException:  # it is cancelled, or the process ends
            self.abort()
            raise
        finally:
            port.in_flight -= 1
            port.served += 1
            self._is_busy = False
        self._send(response, request)
        if self._task is not None:  # nobody does so behind us
            self._task = None
            self._proceed()

    def _send(self, response: Response, request: Request | None) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        closes = request is None or request.is_last
        if not closes and not self._waiting:
            closes = self._gone.is_gone or (self._port.is_leaving and self._reader.stage is Stage.NOTHING)
        head = self._port.heads.printed(response, request, closes)
        status, _, body = response
        if status in WITHOUT_BODY or (request is not None and request.method == "HEAD"):
            body = b""
        if len(body) > _LARGE:
            transport.writelines((head, body))
        else:
            transport.write(head + body)
        if closes:
            self._leave(transport, is_read=request is not None and request.is_last and request.fault is None)

    def _leave(self, transport: asyncio.Transport, is_read: bool) -> None:
        self._reader.end()
        if is_read or self._gone.is_gone:
            transport.close()
            return
        # A connection that is closed while data comes is reset, and with it goes the answer that says why.
        if transport.can_write_eof():
            transport.write_eof()
        self._loop.call_later(LINGER_S, self.close)
