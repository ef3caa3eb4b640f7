"""A gRPC call on a stream of HTTP/2: its messages are given to a method, its answers and its end are sent.

Source:
    "gRPC over HTTP/2" of the gRPC project.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple

from servegraph.engine.aside import Aside
from servegraph.serving.grpc_details import escaped
from servegraph.serving.grpc_message import MessageReader, Packed, packed, prefix
from servegraph.serving.grpc_request import CallHead, Metadata
from servegraph.serving.grpc_status import CallFailed, Code
from servegraph.serving.http2.connection import Connection
from servegraph.serving.http2.hpack import encoded
from servegraph.serving.http2.outbox import Outbox

_HEAD = b"\x88" + encoded(b"content-type", b"application/grpc")  # `:status` 200, from the table of all clients
_NOT_GRPC = b"\x08\x03415"  # `:status`, and a value of its own
_OK = encoded(b"grpc-status", b"0")
_LARGE = 1 << 20  # bytes of a message that is not copied behind its prefix

log = logging.getLogger(__name__)


class Sizes(NamedTuple):
    """Bytes of a message at most."""

    received: int
    sent: int


class Call:
    """What a method learns of a call beside its message, and may say beside its answer.

    Attributes:
        metadata: what the client sent along.
        deadline: on the monotonic clock, in seconds; None for never.
        headers: sent before the answer; the method adds to them.
    """

    __slots__ = ("deadline", "headers", "metadata")

    def __init__(self, metadata: Metadata, deadline: float | None) -> None:
        self.metadata = metadata
        self.deadline = deadline
        self.headers: list[tuple[str, str]] = []


Unary = Callable[[Call, bytes], Awaitable[bytes]]
"""Answers a message with a message; raises CallFailed."""

Prompt = Callable[[bytes], bytes]
"""Answers each message of a stream at once."""


class UnaryCall:
    """Implements `Receiver`: one message, one answer.

    Args:
        aside: unpacks large messages.
    """

    __slots__ = (
        "_aside",
        "_call",
        "_connection",
        "_is_done",
        "_message",
        "_method",
        "_reader",
        "_sent",
        "_stream",
        "_task",
        "_timer",
    )

    def __init__(
        self,
        connection: Connection[CallHead],
        stream: int,
        head: CallHead,
        method: Unary,
        sizes: Sizes,
        aside: Aside,
    ) -> None:
        self._connection = connection
        self._aside = aside
        self._stream = stream
        self._method = method
        self._sent = sizes.sent
        self._reader = MessageReader(sizes.received, head.encoding)
        self._message: bytes | Packed | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_done = False
        seconds = head.timeout_s
        self._call = Call(head.metadata, None if seconds is None else monotonic() + seconds)
        self._timer = None if seconds is None else connection.loop.call_later(seconds, self._late)

    def opened(self) -> None:
        """There is nothing to do yet."""

    def received(self, data: bytes, ends: bool) -> None:
        if self._is_done:
            return
        try:
            self._read(data)
            if ends and (self._message is None or not self._reader.is_empty):
                raise CallFailed(Code.INVALID_ARGUMENT, "the message ends too early")
        except CallFailed as failure:
            self._end(failure.code, failure.details)
            return
        if ends:
            # What need not wait is answered here and now.
            task = asyncio.Task(self._answer(), loop=self._connection.loop, eager_start=True)
            if not task.done():
                self._task = task

    def _read(self, data: bytes) -> None:
        for message in self._reader.messages(data):
            if self._message is not None:
                raise CallFailed(Code.INVALID_ARGUMENT, "the method takes one message")
            self._message = message

    def cancelled(self) -> None:
        self._is_done = True
        self._stop()

    def _late(self) -> None:
        self._end(Code.DEADLINE_EXCEEDED, "the deadline passed")
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _answer(self) -> None:
        try:
            if type(self._message) is Packed:
                self._message = await self._unpacked(self._message)
            answer = await self._method(self._call, self._taken())
            if len(answer) > self._sent:
                what = f"the answer has {len(answer)} bytes, and {self._sent} may be sent"
                raise CallFailed(Code.RESOURCE_EXHAUSTED, what)
        except CallFailed as failure:
            self._end(failure.code, failure.details)
        except asyncio.CancelledError:
            self._end(Code.CANCELLED, "the call was cancelled")
        except Exception:
            log.exception("a call failed")
            self._end(Code.INTERNAL, "internal error")
        else:
            self._end(Code.OK, "", answer)

    async def _unpacked(self, message: Packed) -> bytes:
        small = message.begun()
        return await self._aside.do(message.unpacked) if small is None else small

    def _taken(self) -> bytes:
        """The message, which is the method's own from now on: large ones are gone when it has decoded them."""
        message, self._message = self._message, None
        assert type(message) is bytes
        return message

    def _end(self, code: Code, details: str, answer: bytes | None = None) -> None:
        if self._is_done:
            return
        self._is_done = True
        if self._timer is not None:
            self._timer.cancel()
        outbox, stream, headers = self._connection.outbox, self._stream, self._call.headers
        trailers = _status(code, details)
        if answer is not None or headers:
            outbox.headers(stream, _HEAD + b"".join([_field(name, value) for name, value in headers]))
        else:
            trailers = _HEAD + trailers
        if answer is not None:
            _send(outbox, stream, answer)
        outbox.headers(stream, trailers, ends=True)
        self._connection.finished(stream)


class PromptCall:
    """Implements `Receiver`: a stream of messages, each of which is answered at once."""

    def __init__(
        self, connection: Connection[CallHead], stream: int, head: CallHead, method: Prompt, sizes: Sizes
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._method = method
        self._reader = MessageReader(sizes.received, head.encoding)
        self._is_done = False

    def opened(self) -> None:
        self._connection.outbox.headers(self._stream, _HEAD)

    def received(self, data: bytes, ends: bool) -> None:
        if self._is_done:
            return
        try:
            for message in self._reader.messages(data):
                if self._connection.outbox.holds(self._stream):
                    raise CallFailed(Code.RESOURCE_EXHAUSTED, "the answers are not taken")
                _send(self._connection.outbox, self._stream, self._method(_small(message)))
        except CallFailed as failure:
            self._end(failure.code, failure.details)
        except Exception:
            log.exception("a call failed")
            self._end(Code.INTERNAL, "internal error")
        else:
            if ends:
                self._end(Code.OK, "")

    def _end(self, code: Code, details: str) -> None:
        self._is_done = True
        self._connection.outbox.headers(self._stream, _status(code, details), ends=True)
        self._connection.finished(self._stream)

    def cancelled(self) -> None:
        self._is_done = True


class RefusedCall:
    """Implements `Receiver`: a call that has no method, or is none (code None)."""

    def __init__(self, connection: Connection[CallHead], stream: int, code: Code | None, details: str) -> None:
        self._connection = connection
        self._stream = stream
        self._block = _NOT_GRPC if code is None else _HEAD + _status(code, details)

    def opened(self) -> None:
        self._connection.outbox.headers(self._stream, self._block, ends=True)
        self._connection.finished(self._stream)

    def received(self, data: bytes, ends: bool) -> None:
        """It does not matter any more."""

    def cancelled(self) -> None:
        """It does not matter any more."""


def _small(message: bytes | Packed) -> bytes:
    plain = message.begun() if isinstance(message, Packed) else message
    if plain is None:
        raise CallFailed(Code.RESOURCE_EXHAUSTED, "the message is too large for a stream")
    return plain


def _send(outbox: Outbox, stream: int, message: bytes) -> None:
    if len(message) < _LARGE:
        outbox.data(stream, packed(message))
        return
    outbox.data(stream, prefix(message))
    outbox.data(stream, message)


def _status(code: Code, details: str) -> bytes:
    if code is Code.OK:
        return _OK
    return encoded(b"grpc-status", b"%d" % code) + _field("grpc-message", escaped(details))


def _field(name: str, value: str) -> bytes:
    return encoded(name.encode("latin-1"), value.encode("latin-1"))
