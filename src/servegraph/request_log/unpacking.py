"""Undo the gzip of a logged body, within a bound: a few bytes can claim to be gigabytes."""

import zlib

MAX_UNPACKED = 32 * 1024 * 1024
_GZIP = 31  # window bits that make zlib read gzip


def unpacked(body: bytes) -> bytes:
    """The content of a gzip body.

    Raises:
        ValueError: it is damaged or truncated, or has more than MAX_UNPACKED bytes.
    """
    parts: list[bytes] = []
    room = MAX_UNPACKED
    while body:
        reader = zlib.decompressobj(_GZIP)
        try:
            part = reader.decompress(body, room + 1)
        except zlib.error as error:
            raise ValueError(f"its gzip is damaged: {error}") from error
        room -= len(part)
        if room < 0:
            raise ValueError(f"it is larger than {MAX_UNPACKED} bytes when unpacked")
        if not reader.eof:
            raise ValueError("its gzip is truncated")
        parts.append(part)
        body = reader.unused_data  # a gzip body may have several members
    return b"".join(parts)
