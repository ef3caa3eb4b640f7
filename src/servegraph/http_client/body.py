"""The three ways in which HTTP/1.1 says where a body ends: by length, in chunks, with the connection.

Source:
    RFC 9112, sections 6.3 and 7.1.
"""

from collections.abc import Mapping
from typing import Protocol

from servegraph.http_client.malformed import MalformedAnswer, TooLarge

_MAX_LINE = 4_096  # bytes of a chunk's size line
_MAX_TRAILER = 65_536
_WITHOUT_BODY = frozenset((204, 304))


class Body(Protocol):
    """Takes the bytes that follow the head of an answer."""

    ends_with_connection: bool

    def feed(self, data: bytes) -> int | None:
        """How many bytes came after the body's end; None while it has not come.

        Raises:
            MalformedAnswer: the body is malformed.
            TooLarge: it is larger than the limit.
        """

    def content(self) -> bytes:
        """What came so far, without framing."""


def body_of(status: int, fields: Mapping[bytes, bytes], limit: int) -> Body:
    """The reader of the body that follows a head; `limit` is in bytes.

    Raises:
        MalformedAnswer: the head announces no body that can be read.
        TooLarge: it announces a body larger than the limit.
    """
    if status in _WITHOUT_BODY:
        return _Counted(0)
    if b"transfer-encoding" in fields:
        if fields[b"transfer-encoding"].lower() != b"chunked":
            raise MalformedAnswer("unknown transfer encoding")
        return _Chunked(limit)
    if b"content-length" in fields:
        return _Counted(_size(fields[b"content-length"], 10, limit))
    return _Endless(limit)


def _size(digits: bytes | bytearray, base: int, limit: int) -> int:
    if not digits.isalnum() or len(digits) > 19:
        raise MalformedAnswer("malformed length")
    try:
        size = int(digits, base)
    except ValueError as error:
        raise MalformedAnswer("malformed length") from error
    if size > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")
    return size


class _Counted:
    __slots__ = ("_left", "_parts")
    ends_with_connection = False

    def __init__(self, size: int) -> None:
        self._left = size
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> int | None:
        self._left -= len(data)
        self._parts.append(data if self._left >= 0 else data[: self._left])
        return None if self._left > 0 else -self._left

    def content(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


class _Endless:
    __slots__ = ("_left", "_parts")
    ends_with_connection = True

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> int | None:
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge("the body is too large")
        self._parts.append(data)
        return None

    def content(self) -> bytes:
        return b"".join(self._parts)


class _Chunked:
    __slots__ = ("_left", "_parts", "_pending")
    ends_with_connection = False

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self._pending = bytearray()  # what is not yet a whole chunk

    def feed(self, data: bytes) -> int | None:
        pending = self._pending
        pending += data
        start = 0
        while (end := pending.find(b"\r\n", start)) >= 0:
            size = _size(pending[start:end].partition(b";")[0].strip(b" \t"), 16, self._left)
            if size == 0:
                del pending[:start]
                return self._after_last(end - start)
            first, last = end + 2, end + 2 + size
            if len(pending) < last + 2:
                break
            if pending[last : last + 2] != b"\r\n":
                raise MalformedAnswer("malformed chunk")
            self._parts.append(bytes(pending[first:last]))
            self._left -= size
            start = last + 2
        if len(pending) - start > _MAX_LINE and end < 0:
            raise MalformedAnswer("malformed chunk")
        del pending[:start]
        return None

    def _after_last(self, end: int) -> int | None:
        # An empty line, or trailer fields (which nobody here needs) and an empty line.
        last = self._pending.find(b"\r\n\r\n", end)
        if last >= 0:
            return len(self._pending) - last - 4
        if len(self._pending) - end > _MAX_TRAILER:
            raise MalformedAnswer("the trailer of the answer is too large")
        return None

    def content(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
