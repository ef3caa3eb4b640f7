"""What of a client's headers or metadata goes on to a component.

Source:
    Seldon's executor repeats every header toward every component, except those that describe a
    body (they come from the body of that hop) or the connection. Own choice: hop-by-hop headers
    (RFC 9110, section 7.6.1) and those named in `Connection` stay here, and so does `Expect`,
    which the HTTP server has answered already.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from servegraph.engine import Context
from servegraph.http_client import Fields
from servegraph.payload.envelope import Text

_OF_THE_CONNECTION = frozenset(
    (
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "host",
        "expect",
    )
)
_OF_THE_BODY = frozenset(("content-type", "content-length", "content-encoding", "inference-header-content-length"))
_OURS = frozenset(("seldon-puid",))
_STAY = _OF_THE_CONNECTION | _OF_THE_BODY | _OURS
_STAY_BEFORE_GRPC = _STAY | {"user-agent", "accept-encoding"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METADATA_KEY = re.compile(r"[0-9a-z_.-]+")
_METADATA_VALUE = re.compile(r"[\x20-\x7e]*")
_AGENT = "Go-http-client/1.1"  # what components know the executor by


def http_fields(context: Context, text: Text | None) -> Fields:
    """The header of a request to a component; `text` is its body, None for none."""
    fields: Fields = []
    known = set()
    for name, value in _forwarded(context):
        known.add(name)
        fields.append((_canonical(name), value))
    if "user-agent" not in known:
        fields.append(("User-Agent", _AGENT))
    if "accept-encoding" not in known:
        fields.append(("Accept-Encoding", "gzip"))
    fields.append(("Seldon-Puid", context.puid))
    if text is not None:
        fields += _of_body(text)
    return fields


def asks_for_itself(context: Context) -> bool:
    """Whether compression is our wish and none of the client's: then the client gets a plain body."""
    return not any(name == "accept-encoding" for name, _ in context.headers)


def metadata(context: Context) -> list[tuple[str, str | bytes]]:
    """The metadata of a gRPC call to a component."""
    return [*_forwarded_metadata(context), ("seldon-puid", context.puid)]


def _of_body(text: Text) -> Fields:
    fields = [("Content-Type", text.content_type)]
    if text.encoding:
        fields.append(("Content-Encoding", text.encoding))
    if text.header_length is not None:
        fields.append(("Inference-Header-Content-Length", str(text.header_length)))
    return fields


def _forwarded(context: Context) -> Iterator[tuple[str, str]]:
    named = _named_in_connection(context)
    for name, value in context.headers:
        if name in _STAY or name in named or name.startswith(("grpc-", ":")) or name.endswith("-bin"):
            continue
        # Whoever made these headers should have refused it: a line break would be a header of its own.
        if "\n" not in value and "\r" not in value and "\0" not in value and _TOKEN.fullmatch(name):
            yield name, value


def _forwarded_metadata(context: Context) -> Iterator[tuple[str, str | bytes]]:
    named = _named_in_connection(context)
    for name, value in context.headers:
        if name in _STAY_BEFORE_GRPC or name in named or name.startswith("grpc-") or not _METADATA_KEY.fullmatch(name):
            continue
        # Bytes are a caller's over gRPC; over HTTP such a name is a header like any other, which has no form here.
        if isinstance(value, bytes) if name.endswith("-bin") else _METADATA_VALUE.fullmatch(value):
            yield name, value


def _named_in_connection(context: Context) -> frozenset[str]:
    values = [value for name, value in context.headers if name == "connection"]
    return frozenset(word.strip().lower() for value in values for word in value.split(","))


@lru_cache(maxsize=1024)
def _canonical(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))
