"""What a client sends, taken apart into frames; fields that come in several frames are put together."""

from collections.abc import Iterator

from servegraph.serving.http2.frames import (
    ACK,
    CONTINUATION,
    DEFAULT_FRAME,
    END_HEADERS,
    HEAD_SIZE,
    HEADERS,
    MOST,
    PREFACE,
    SETTINGS,
    Code,
    ConnectionFault,
    unpadded,
)

Frame = tuple[int, int, int, bytes]
"""Kind, flags, stream and payload; one with header fields has all of them, without padding."""


class FrameReader:
    """Reads one connection.

    Args:
        limit: bytes that the fields of one request may have as they travel.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._fields: Frame | None = None  # the beginning of some that go on
        self.is_greeted = False

    def frames(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete.

        Raises:
            ConnectionFault: the client does not speak HTTP/2, or breaks a rule.
        """
        data, at = self._rest + data if self._rest else data, 0
        if not self.is_greeted:
            self._rest = data
            self._greet(data)
            if not self.is_greeted:
                return
            at = len(PREFACE)
        while (start := at + HEAD_SIZE) <= len(data):
            end = start + int.from_bytes(data[at : at + 3])
            if end - start > DEFAULT_FRAME:
                raise ConnectionFault(Code.FRAME_SIZE_ERROR, f"a frame of {end - start} bytes")
            if end > len(data):
                break
            stream = int.from_bytes(data[at + 5 : start]) & MOST
            kind, flags, at = data[at + 3], data[at + 4], end
            whole: Frame | None = (kind, flags, stream, data[start:end])
            if kind == HEADERS or self._fields is not None:
                whole = self._gathered(kind, flags, stream, data[start:end])
            if whole is not None:
                yield whole
        self._rest = data[at:]

    def _greet(self, data: bytes) -> None:
        if data[: len(PREFACE)] != PREFACE[: len(data)]:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "this port speaks HTTP/2")
        first = data[len(PREFACE) : len(PREFACE) + HEAD_SIZE]
        self.is_greeted = len(first) == HEAD_SIZE
        if self.is_greeted and (first[3] != SETTINGS or first[4] & ACK):
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a client begins with its settings")

    def _gathered(self, kind: int, flags: int, stream: int, payload: bytes) -> Frame | None:
        """The frame with all of the fields, if these are the last ones."""
        begun = self._fields
        if begun is None:
            begun = (kind, flags, stream, unpadded(flags, payload))
        elif kind == CONTINUATION and stream == begun[2]:
            begun = (*begun[:3], begun[3] + payload)
        else:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "header fields are interrupted")
        if len(begun[3]) > self._limit:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM, f"header fields of over {self._limit} bytes")
        self._fields = None if flags & END_HEADERS else begun
        return None if self._fields else begun
