"""Undo the gzip of a body, within a bound: a few bytes can claim to be gigabytes."""

import zlib

from servegraph.errors import MalformedArray

_NAMES = frozenset(("gzip", "x-gzip"))
_GZIP = 16 + zlib.MAX_WBITS


def is_gzip(encoding: str) -> bool:
    """Whether a Content-Encoding is gzip's."""
    return encoding.strip().lower() in _NAMES


def unzipped(body: bytes, limit: int) -> bytes:
    """The content of a gzip body.

    Raises:
        MalformedArray: it is damaged or cut off, or has more than `limit` bytes.
    """
    parts: list[bytes] = []
    room = limit
    while body:
        reader = zlib.decompressobj(_GZIP)
        try:
            part = reader.decompress(body, room + 1)
        except zlib.error as error:
            raise MalformedArray(f"gzip: {error}") from error
        room -= len(part)
        if room < 0:
            raise MalformedArray(f"the body is larger than {limit} bytes when unpacked")
        if not reader.eof:
            raise MalformedArray("gzip: unexpected EOF")
        parts.append(part)
        body = reader.unused_data  # a gzip body may have several members
    return b"".join(parts)
