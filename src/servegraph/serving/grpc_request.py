"""The header fields of a gRPC call.

Source:
    "gRPC over HTTP/2" of the gRPC project.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from servegraph.serving.http2.hpack import Fields

Metadata = tuple[tuple[str, Any], ...]
"""Names with text; with bytes where the name ends with `-bin`."""

_KIND = re.compile(rb"application/grpc(?:[+; ]|$)")
_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_OURS = (b":", b"grpc-")  # how the names of fields begin that are no metadata
_NOT_METADATA = frozenset((b"content-type", b"te"))


@dataclass(frozen=True, slots=True)
class CallHead:
    """What is asked.

    Attributes:
        path: service and method.
        is_grpc: whether it is a gRPC call at all.
        metadata: the client's own fields.
        timeout_s: what the client waits for.
        encoding: how messages are compressed that are.
    """

    path: str
    is_grpc: bool
    metadata: Metadata
    timeout_s: float | None
    encoding: str


def read_head(fields: Fields) -> CallHead:
    """The head of a call; a timeout that is none does not count."""
    known = dict(fields)
    kind = _KIND.match(known.get(b"content-type", b""))
    is_grpc = known.get(b":method") == b"POST" and kind is not None
    return CallHead(
        path=known.get(b":path", b"").decode("latin-1"),
        is_grpc=is_grpc,
        metadata=tuple(_metadata(fields)),
        timeout_s=_seconds(known.get(b"grpc-timeout", b"")),
        encoding=known.get(b"grpc-encoding", b"identity").decode("latin-1"),
    )


def _metadata(fields: Fields) -> Iterator[tuple[str, Any]]:
    for name, value in fields:
        if name.startswith(_OURS) or name in _NOT_METADATA:
            continue
        text = name.decode("latin-1")
        if not name.endswith(b"-bin"):
            yield text, value.decode("latin-1")
            continue
        for part in value.split(b","):
            yield text, _unpacked(part.strip())


def _unpacked(value: bytes) -> bytes:
    """The bytes of base64 without padding; of anything else none."""
    try:
        return b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except ValueError:
        return b""


def _seconds(text: bytes) -> float | None:
    found = _TIMEOUT.fullmatch(text)
    return int(found[1]) * _SECONDS[found[2]] if found else None
