"""The frames of HTTP/2, and the errors that end a connection or a stream: RFC 9113."""

from collections.abc import Iterator
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_SIZE = 9  # bytes of a frame before its payload
DEFAULT_FRAME = 16_384  # bytes of a payload, unless a side takes more
DEFAULT_WINDOW = 65_535
MOST = 2**31 - 1  # of windows and stream numbers

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ACK = END_STREAM = 0x01
END_HEADERS = 0x04
PADDED = 0x08
PRIORITISED = 0x20

MAX_STREAMS, INITIAL_WINDOW, FRAME_SIZE, FIELDS_SIZE = 3, 4, 5, 6  # identifiers of settings


class Code(IntEnum):
    """Why a connection or a stream ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class ConnectionFault(Exception):
    """The client broke the protocol; there is no way to go on with it."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class StreamFault(Exception):
    """A request broke the protocol; others of its client may go on."""


def frame(kind: int, flags: int, stream: int, payload: bytes | memoryview = b"") -> bytes:
    """A whole frame."""
    return b"".join((len(payload).to_bytes(3), bytes((kind, flags)), stream.to_bytes(4), payload))


def number(value: int) -> bytes:
    """The payload of a frame that holds a number: a window's growth, a reason."""
    return value.to_bytes(4)


def sized(payload: bytes, size: int) -> bytes:
    """The payload of a frame whose size is the same for all of its kind.

    Raises:
        ConnectionFault: it is of another one.
    """
    if len(payload) != size:
        raise ConnectionFault(Code.FRAME_SIZE_ERROR, f"a frame of {len(payload)} bytes, where {size} are all")
    return payload


def unpadded(flags: int, payload: bytes) -> bytes:
    """The payload of DATA or HEADERS without padding, and without priority, which DATA never has.

    Raises:
        ConnectionFault: it is shorter than it says.
    """
    if not flags & (PADDED | PRIORITISED):
        return payload
    start = end = 0
    if flags & PADDED:
        start, end = 1, payload[0] if payload else 1
    if flags & PRIORITISED:
        start += 5
    if start + end > len(payload):
        raise ConnectionFault(Code.PROTOCOL_ERROR, "a frame is all padding")
    return payload[start : len(payload) - end]


def settings_of(payload: bytes) -> Iterator[tuple[int, int]]:
    """Identifiers and values.

    Raises:
        ConnectionFault: the payload is of another length.
    """
    if len(payload) % 6:
        raise ConnectionFault(Code.FRAME_SIZE_ERROR, "settings of an odd length")
    for at in range(0, len(payload), 6):
        yield int.from_bytes(payload[at : at + 2]), int.from_bytes(payload[at + 2 : at + 6])


def setting(identifier: int, value: int) -> bytes:
    """One entry of the payload of SETTINGS."""
    return identifier.to_bytes(2) + value.to_bytes(4)
