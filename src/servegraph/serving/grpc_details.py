"""Texts of errors as gRPC can carry them: whole characters, and not too many."""

from urllib.parse import quote

_LONGEST_DETAILS = 7500  # bytes, escaped as they travel; a longer line would become another error
_ESCAPED = 12  # bytes of one character at most
_UNESCAPED = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def escaped(details: str) -> str:
    """Any details as they travel."""
    return quote(fitted(sendable(details)), safe=_UNESCAPED)


def sendable(text: str) -> str:
    """A text in which half of a surrogate pair, as a component may have from a request, is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def fitted(details: str) -> str:
    """Details of an error, cut where clients would take no more: at 8 KiB of percent-encoded text."""
    if len(details) * _ESCAPED <= _LONGEST_DETAILS or len(quote(details, safe=_UNESCAPED)) <= _LONGEST_DETAILS:
        return details
    cut = details.encode()[: _LONGEST_DETAILS // 3]
    return cut.decode(errors="ignore") + "..."
