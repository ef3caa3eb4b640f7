"""Compressed bodies of components, unpacked within bounds."""

import zlib
from dataclasses import replace

from servegraph.payload.envelope import Text
from servegraph.remote.malformed import MalformedAnswer

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_NAMES = frozenset(("gzip", "x-gzip"))


def is_gzip(text: Text) -> bool:
    return text.encoding.lower() in _GZIP_NAMES


def unpacked(text: Text, limit: int) -> Text:
    """The same body without gzip; any other is returned as it is.

    Raises:
        MalformedAnswer: it is no gzip, or larger than `limit` bytes when unpacked.
    """
    if not is_gzip(text):
        return text
    parts: list[bytes] = []
    rest, left = text.body, limit
    while rest:
        stream = zlib.decompressobj(_GZIP)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error as error:
            raise MalformedAnswer(f"gzip: {error}") from error
        left -= len(part)
        if left < 0:
            raise MalformedAnswer(f"the body is larger than {limit} bytes")
        if not stream.eof:
            raise MalformedAnswer("gzip: unexpected EOF")
        parts.append(part)
        rest = stream.unused_data
    return replace(text, body=b"".join(parts), encoding="")
