"""Messages as they travel in a gRPC call: each behind a flag, which says whether it is compressed, and its length."""

import zlib
from collections.abc import Iterator
from io import BytesIO

from servegraph.payload.numbers import LARGE
from servegraph.serving.grpc_status import CallFailed, Code

PREFIX = 5  # bytes
_PIECE = 1 << 18  # bytes that are unpacked in one go
_WINDOW_BITS = {"gzip": 31, "deflate": 15}  # zlib's


def packed(message: bytes) -> bytes:
    """A message to be sent, as it is."""
    return prefix(message) + message


def prefix(message: bytes) -> bytes:
    """What is sent before a message."""
    return b"\x00" + len(message).to_bytes(4)


class Packed:
    """A compressed message.

    Args:
        encoding: how it was compressed.
        limit: bytes of what it unpacks to.
    Raises:
        CallFailed: there is no such encoding.
    """

    def __init__(self, message: bytes, encoding: str, limit: int) -> None:
        bits = _WINDOW_BITS.get(encoding)
        if bits is None:
            code = Code.INTERNAL if encoding == "identity" else Code.UNIMPLEMENTED
            raise CallFailed(code, f"the message is compressed, and its encoding is {encoding!r}")
        self._encoding = encoding
        self._limit = limit
        self._rest = message
        self._reader = zlib.decompressobj(bits)
        self._plain = BytesIO()  # gives its bytes away without a copy

    def begun(self) -> bytes | None:
        """The message, if it is a small one; else None, and `unpacked` is called aside.

        Raises:
            CallFailed: it is too large, or not what it says.
        """
        if len(self._rest) > LARGE:
            return None
        self._unpack(self._rest, LARGE)
        if self._plain.tell() < LARGE:
            return self._whole()
        self._rest = self._reader.unconsumed_tail
        return None

    def unpacked(self) -> bytes:
        """The message; raises as `begun`."""
        rest, self._rest = self._rest, b""
        for start in range(0, len(rest) or 1, _PIECE):
            piece, size = rest[start : start + _PIECE], _PIECE
            while size == _PIECE:
                size = self._unpack(piece, _PIECE)
                piece = self._reader.unconsumed_tail
            if self._reader.eof:
                break
        return self._whole()

    def _unpack(self, data: bytes, most: int) -> int:
        """How many bytes more there are, at most so many."""
        try:
            size = self._plain.write(self._reader.decompress(data, most))
        except zlib.error as error:
            raise CallFailed(Code.INTERNAL, f"the message is not {self._encoding}: {error}") from error
        if self._plain.tell() > self._limit:
            raise CallFailed(Code.RESOURCE_EXHAUSTED, f"the message unpacks to more than {self._limit} bytes")
        return size

    def _whole(self) -> bytes:
        if not self._reader.eof:
            raise CallFailed(Code.INTERNAL, f"the message is not {self._encoding}: it is cut short")
        return self._plain.getvalue()


class MessageReader:
    """Puts the messages of one call together.

    Args:
        limit: bytes of a message, also of one that was compressed.
        encoding: what the client says of compressed ones.
    """

    def __init__(self, limit: int, encoding: str) -> None:
        self._limit = limit
        self._encoding = encoding
        self._rest = b""  # a prefix that has begun
        self._is_packed = False
        self._length: int | None = None  # of the message whose prefix has been read
        self._body: BytesIO | None = None  # what has come of it; it gives its bytes away without a copy

    def messages(self, data: bytes) -> Iterator[bytes | Packed]:
        """The messages that are whole now.

        Raises:
            CallFailed: one is too large, or not what it says.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        while self._length is not None or len(data) >= PREFIX:
            if self._length is None:
                self._length, data = self._begun(data[:PREFIX]), data[PREFIX:]
            message, data = self._taken(self._length, data)
            if message is None:
                return
            self._length = None
            yield Packed(message, self._encoding, self._limit) if self._is_packed else message
        self._rest = data

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a further message has come."""
        return self._length is None and not self._rest

    def _taken(self, length: int, data: bytes) -> tuple[bytes | None, bytes]:
        """The message if it is whole now, and what follows it."""
        if self._body is None:
            if len(data) >= length:
                return data[:length], data[length:]
            self._body = BytesIO()
        missing = length - self._body.tell()
        self._body.write(data[:missing])
        if len(data) < missing:
            return None, b""
        message, self._body = self._body.getvalue(), None
        return message, data[missing:]

    def _begun(self, prefix: bytes) -> int:
        """The length of the message that follows."""
        flag, length = prefix[0], int.from_bytes(prefix[1:])
        if flag > 1:
            raise CallFailed(Code.INTERNAL, f"a message begins with {flag}")
        if length > self._limit:
            raise CallFailed(Code.RESOURCE_EXHAUSTED, f"the message has {length} bytes, and {self._limit} are taken")
        self._is_packed = flag == 1
        return length
