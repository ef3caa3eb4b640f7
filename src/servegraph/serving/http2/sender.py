"""What is said to one client in a turn of the loop is sent together."""

import asyncio

MOST_UNSENT = 64 * 1024  # bytes; more do not wait for the turn's end, so that the transport says when it has enough


class Sender:
    """Collects frames, and hands them to the transport.

    It does not know the connection that it serves, so that a connection that ends is gone at once.

    Attributes:
        sent: bytes so far.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._size = 0
        self._is_held = False
        self.sent = 0

    def open(self, transport: asyncio.Transport) -> None:
        """From now on there is somebody to send to."""
        self._transport = transport

    def close(self) -> None:
        """From now on there is nobody; what is still written goes nowhere."""
        self._transport = None
        self._unsent.clear()

    def hold(self) -> None:
        """Send little until `flush`, which will be called before this turn ends."""
        self._is_held = True

    def write(self, made: bytes) -> None:
        """Send with all that is said in this turn of the loop."""
        if self._transport is None:
            return
        if not self._unsent and not self._is_held:
            self._loop.call_soon(self.flush)
        self._unsent.append(made)
        self._size += len(made)
        if self._size > MOST_UNSENT:
            self._send(self._transport)

    def flush(self) -> None:
        """Send it now."""
        self._is_held = False
        if self._unsent and self._transport is not None:
            self._send(self._transport)

    def _send(self, transport: asyncio.Transport) -> None:
        data = b"".join(self._unsent)
        self._unsent.clear()
        self._size = 0
        self.sent += len(data)
        if not transport.is_closing():
            transport.write(data)
