"""One client's connection: what its frames say is told to the receivers of its streams."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from servegraph.serving.http2.fields import checked
from servegraph.serving.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    DEFAULT_FRAME,
    DEFAULT_WINDOW,
    END_STREAM,
    FIELDS_SIZE,
    FRAME_SIZE,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW,
    MAX_STREAMS,
    MOST,
    PADDED,
    PING,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Code,
    ConnectionFault,
    StreamFault,
    frame,
    number,
    setting,
    settings_of,
    sized,
    unpadded,
)
from servegraph.serving.http2.hpack import FieldDecoder, Fields, Malformed, TooLarge
from servegraph.serving.http2.outbox import Outbox
from servegraph.serving.http2.reader import FrameReader
from servegraph.serving.http2.sender import Sender

GREETING_S = 20.0  # what a client may take until it speaks HTTP/2
STALL_S = 60.0  # and until it takes some of what waits for it
LEAVE_S = 1.0  # what one that has not begun gets, if we leave
STREAMS = 1024  # of one client at once
FIELDS = 16 * 1024  # bytes of the fields of one request
MOST_FIELDS = 64 * 1024  # as they travel; up to here only the request fails, not its connection
WINDOW = 1 << 20  # bytes of a stream under way
CONNECTION_WINDOW = 1 << 24
_LEAVING = b"leaving."  # a ping: with its answer, the client has heard that we leave


class Receiver(Protocol):
    """Is told what comes on one stream. It answers through the connection's outbox, and then says `finished`."""

    def opened(self) -> None:
        """The stream is there; nothing of its body has come."""

    def received(self, data: bytes, ends: bool) -> None:
        """A part of the body, the last one if it `ends`."""

    def cancelled(self) -> None:
        """The client is gone, or wants no answer any more."""


@dataclass(slots=True)
class _Stream:
    receiver: Receiver
    is_ended: bool = False  # by the client
    credit: int = 0  # bytes received of which the client does not know yet that they made room


class Connection[T](asyncio.Protocol):
    """Implements the server's side.

    Args:
        read: what is wanted of a request's fields.
        accept: makes the receiver of a new stream, of what its fields say; None if they are too many.
        opened: is told when there is a client.
        closed: is told of its end.
    """

    def __init__(
        self,
        read: Callable[[Fields], T],
        accept: "Callable[[Connection[T], int, T | None], Receiver]",
        opened: "Callable[[Connection[T]], None]",
        closed: "Callable[[Connection[T]], None]",
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._sender = Sender(self.loop)
        self.outbox = Outbox(self._sender.write)
        self._accept = accept
        self._opened = opened
        self._closed = closed
        self._reader = FrameReader(MOST_FIELDS)
        self._fields = FieldDecoder(FIELDS, lambda fields: read(checked(fields)))
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._waits: tuple[int | None, int | None] = (None, None)
        self._streams: dict[int, _Stream] = {}
        self._last = 0
        self._credit = 0
        self._cancelled = 0  # streams in this turn of the loop: their work ends after it
        self._is_leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sender.open(self._transport)
        told = setting(MAX_STREAMS, STREAMS) + setting(INITIAL_WINDOW, WINDOW) + setting(FIELDS_SIZE, FIELDS)
        self._sender.write(frame(SETTINGS, 0, 0, told))
        self._sender.write(frame(WINDOW_UPDATE, 0, 0, number(CONNECTION_WINDOW - DEFAULT_WINDOW)))
        self._be_patient(GREETING_S, self.abort)
        self._opened(self)

    def _be_patient(self, seconds: float, then: Callable[[], None]) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_later(seconds, then)

    def _watch(self) -> None:
        """Close if what waited for the client the last time still does, and nothing of it was taken."""
        if self._transport is None:
            return
        is_buffered = self._transport.get_write_buffer_size() > 0
        waits = (self.outbox.sent if self.outbox else None, self._sender.sent if is_buffered else None)
        if any(now is not None and now == before for now, before in zip(waits, self._waits, strict=True)):
            self.abort()
        self._waits = waits
        self._be_patient(STALL_S, self._watch)

    def connection_lost(self, error: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._transport = None
        self._sender.close()
        while self._streams:
            self._streams.popitem()[1].receiver.cancelled()
        self._closed(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._sender.hold()
        self._cancelled = 0
        is_new = not self._reader.is_greeted
        try:
            for kind, flags, stream, payload in self._reader.frames(data):
                action = _ACTIONS.get(kind)
                if action is not None:
                    action(self, flags, stream, payload)
            if self.outbox.is_due:
                self.outbox.resume()
                self._close_if_done()
        except ConnectionFault as fault:
            self._go_away(fault.code, str(fault))
            self._sender.flush()
            self._close()
        finally:
            if is_new and self._reader.is_greeted:
                self._be_patient(STALL_S, self._watch)
            self._sender.flush()

    def _data(self, flags: int, stream: int, payload: bytes) -> None:
        self._check(stream)
        self._credit = self._restored(0, self._credit + len(payload), CONNECTION_WINDOW)
        found = self._streams.get(stream)
        if found is None:
            return  # it was answered meanwhile
        if found.is_ended:
            self._refuse(stream, Code.STREAM_CLOSED)
            return
        found.is_ended = bool(flags & END_STREAM)
        if not found.is_ended:
            found.credit = self._restored(stream, found.credit + len(payload), WINDOW)
        found.receiver.received(unpadded(flags & PADDED, payload), found.is_ended)

    def _restored(self, stream: int, credit: int, window: int) -> int:
        """What is left of a credit, as the client is told once it is half of the window."""
        if credit <= window // 2:
            return credit
        self._sender.write(frame(WINDOW_UPDATE, 0, stream, number(credit)))
        return 0

    def _headers(self, flags: int, stream: int, block: bytes) -> None:
        if not stream & 1:
            raise ConnectionFault(Code.PROTOCOL_ERROR, f"a request on stream {stream}")
        is_new, self._last = stream > self._last, max(stream, self._last)
        try:
            fields = self._fields.read(block)
        except Malformed as error:
            raise ConnectionFault(Code.COMPRESSION_ERROR, str(error)) from error
        except StreamFault:
            self._refuse(stream, Code.PROTOCOL_ERROR)
            return
        except TooLarge:
            fields = None
        ends = bool(flags & END_STREAM)
        if is_new:
            self._open(stream, fields, ends)
        elif (found := self._streams.get(stream)) is not None:
            self._end(stream, found, ends)

    def _open(self, stream: int, fields: T | None, ends: bool) -> None:
        # Answers that wait count, and calls that end just now: a client must not ask on and on and take nothing.
        if self._is_leaving or len(self._streams) + len(self.outbox) + self._cancelled >= STREAMS:
            self._refuse(stream, Code.REFUSED_STREAM)
            return
        receiver = self._accept(self, stream, fields)
        self._streams[stream] = _Stream(receiver, ends)
        receiver.opened()
        if ends:
            receiver.received(b"", True)

    def _end(self, stream: int, found: _Stream, ends: bool) -> None:
        """Fields after the body are its end."""
        if found.is_ended or not ends:
            self._refuse(stream, Code.STREAM_CLOSED if found.is_ended else Code.PROTOCOL_ERROR)
            return
        found.is_ended = True
        found.receiver.received(b"", True)

    def _refuse(self, stream: int, code: Code) -> None:
        self._cancel(stream)
        self._sender.write(frame(RST_STREAM, 0, stream, number(code)))

    def _reset(self, flags: int, stream: int, payload: bytes) -> None:
        self._check(stream)
        sized(payload, 4)
        self._cancel(stream)
        self._close_if_done()

    def _cancel(self, stream: int) -> None:
        self.outbox.forget(stream)
        found = self._streams.pop(stream, None)
        if found is not None:
            found.receiver.cancelled()
            self._cancelled += 1

    def _check(self, stream: int) -> None:
        if not 0 < stream <= self._last:
            raise ConnectionFault(Code.PROTOCOL_ERROR, f"stream {stream} was never opened")

    def _check_none(self, stream: int) -> None:
        if stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, f"a frame of the whole connection on stream {stream}")

    def _settings(self, flags: int, stream: int, payload: bytes) -> None:
        self._check_none(stream)
        if flags & ACK:
            sized(payload, 0)
            return
        for identifier, value in settings_of(payload):
            if identifier == INITIAL_WINDOW:
                self.outbox.begin_with(value)
            elif identifier == FRAME_SIZE:
                self.outbox.frame_size = min(max(value, DEFAULT_FRAME), WINDOW)
        self._sender.write(frame(SETTINGS, ACK, 0))

    def _ping(self, flags: int, stream: int, payload: bytes) -> None:
        self._check_none(stream)
        sized(payload, len(_LEAVING))
        if not flags & ACK:
            self._sender.write(frame(PING, ACK, 0, payload))
        elif payload == _LEAVING and not self._is_leaving:
            self._is_leaving = True
            self._go_away(Code.NO_ERROR)
            self._close_if_done()

    def _window(self, flags: int, stream: int, payload: bytes) -> None:
        if stream:
            self._check(stream)
        growth = int.from_bytes(sized(payload, 4)) & MOST
        if stream == 0 or stream in self._streams or self.outbox.holds(stream):
            self.outbox.grow(stream, growth)

    def _unexpected(self, flags: int, stream: int, payload: bytes) -> None:
        raise ConnectionFault(Code.PROTOCOL_ERROR, "a frame that nobody waits for")

    def finished(self, stream: int) -> None:
        """The answer on a stream is in the outbox, to its end."""
        found = self._streams.pop(stream, None)
        if found is not None and not found.is_ended:
            self.outbox.reset(stream, Code.NO_ERROR)
        self._close_if_done()

    def leave(self) -> None:
        """Take no new streams as soon as the client knows of it, and close after the last answer."""
        if not self._reader.is_greeted:
            self._be_patient(LEAVE_S, self.abort)
        self._sender.write(frame(GOAWAY, 0, 0, number(MOST) + number(Code.NO_ERROR)))
        self._sender.write(frame(PING, 0, 0, _LEAVING))

    def _go_away(self, code: Code, text: str = "") -> None:
        self._sender.write(frame(GOAWAY, 0, 0, number(self._last) + number(code) + text.encode()))

    def _close_if_done(self) -> None:
        if self._is_leaving and not self._streams and not self.outbox:
            self._sender.flush()
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause_writing(self) -> None:
        """The client does not read: send it no data, and read nothing that would need an answer."""
        self.outbox.is_paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.outbox.is_paused = False
        if self._transport is not None:
            self._transport.resume_reading()
        self.outbox.resume()
        self._close_if_done()


_ACTIONS: Mapping[int, Callable[[Connection[Any], int, int, bytes], None]] = {
    DATA: Connection._data,
    HEADERS: Connection._headers,
    RST_STREAM: Connection._reset,
    SETTINGS: Connection._settings,
    PUSH_PROMISE: Connection._unexpected,
    PING: Connection._ping,
    WINDOW_UPDATE: Connection._window,
    CONTINUATION: Connection._unexpected,
}
