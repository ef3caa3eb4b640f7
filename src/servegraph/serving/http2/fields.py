"""Which header fields a request may have: RFC 9113, sections 8.2 and 8.3."""

import re

from servegraph.serving.http2.frames import StreamFault
from servegraph.serving.http2.hpack import Fields

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE = re.compile(rb"[\0\r\n]")
_NEEDED = frozenset((b":method", b":scheme", b":path"))
_FIRST = _NEEDED | {b":authority"}
_OF_HTTP_1 = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))


def checked(fields: Fields) -> Fields:
    """The fields of a request, or those that follow its body, as they are.

    Raises:
        StreamFault: some must not be there, or are missing.
    """
    names = [name for name, _ in fields]
    first = [name for name in names if name.startswith(b":")]
    if (first and not _NEEDED <= set(first) <= _FIRST) or len(set(first)) < len(first) or names[: len(first)] != first:
        raise StreamFault("the fields that say what is asked")
    for name, value in fields[len(first) :]:
        if not _NAME.fullmatch(name) or name in _OF_HTTP_1 or (name == b"te" and value != b"trailers"):
            raise StreamFault("a field's name")
    if any(_NO_VALUE.search(value) for _, value in fields):
        raise StreamFault("a field's value")
    return fields
