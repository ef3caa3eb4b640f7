"""The line between a worker and the parent: what the worker says, in order, none of it lost.

A pair of Unix sockets that keep the bounds of messages. What a worker has sent, the parent can
read at once, and still after the worker has ended; either side sees the other's end.
"""

import logging
import select
import socket
from collections.abc import Iterator
from contextlib import suppress

READY, WORN, SERVICE, METRICS = b"r", b"w", b"s", b"m"
_BUFFER = 1 << 20
_LARGEST = 1 << 18
_PATIENCE_S = 5.0  # a parent that reads nothing for so long is stopped or gone

log = logging.getLogger(__name__)


def pair() -> tuple["Link", "Link"]:
    """Both ends of a new line: the parent's and the worker's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    ours.setblocking(False)
    return Link(ours), Link(theirs)


def inherited(descriptor: int) -> "Link":
    """The worker's end, in the worker."""
    end = socket.socket(fileno=descriptor)
    end.settimeout(_PATIENCE_S)
    return Link(end)


class Link:
    """One end of a line."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.is_open = True

    def fileno(self) -> int:
        return self._end.fileno()

    def tell(self, kind: bytes, text: bytes = b"") -> None:
        """Send a message; one that cannot be sent is lost, with a warning."""
        try:
            self._end.send(kind + text)
        except OSError as error:
            log.warning("the parent process was not told %r: %s", kind, error.strerror or error)

    def heard(self) -> Iterator[tuple[bytes, bytes]]:
        """What has arrived, kind and text; after the last message of an ended worker `is_open` is False."""
        with suppress(BlockingIOError):
            while self.is_open:
                try:
                    message = self._end.recv(_LARGEST)
                except ConnectionError:
                    message = b""
                if not message:
                    self.is_open = False
                    return
                yield message[:1], message[1:]

    def wait_for_end(self) -> None:
        """Return when the other side, which says nothing, has closed; for a thread of its own."""
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        poll.poll()

    def close(self) -> None:
        self._end.close()
