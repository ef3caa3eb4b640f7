"""Messages as they travel in a gRPC call: each behind a flag, which says whether it is compressed, and its length."""

import zlib
from collections.abc import Iterator
from io import BytesIO

from servegraph.serving.grpc_status import CallFailed, Code

PREFIX = 5  # bytes
_WINDOW_BITS = {"gzip": 31, "deflate": 15}  # zlib's


def packed(message: bytes) -> bytes:
    """A message to be sent, as it is."""
    return prefix(message) + message


def prefix(message: bytes) -> bytes:
    """What is sent before a message."""
    return b"\x00" + len(message).to_bytes(4)


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

    def messages(self, data: bytes) -> Iterator[bytes]:
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
            yield self._unpacked(message) if self._is_packed else message
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

    def _unpacked(self, message: bytes) -> bytes:
        bits = _WINDOW_BITS.get(self._encoding)
        if bits is None:
            code = Code.INTERNAL if self._encoding == "identity" else Code.UNIMPLEMENTED
            raise CallFailed(code, f"the message is compressed, and its encoding is {self._encoding!r}")
        reader = zlib.decompressobj(bits)
        try:
            plain = reader.decompress(message, self._limit + 1)
        except zlib.error as error:
            raise CallFailed(Code.INTERNAL, f"the message is not {self._encoding}: {error}") from error
        if len(plain) > self._limit:
            raise CallFailed(Code.RESOURCE_EXHAUSTED, f"the message unpacks to more than {self._limit} bytes")
        if not reader.eof:
            raise CallFailed(Code.INTERNAL, f"the message is not {self._encoding}: it is cut short")
        return plain
