"""JSON text, read as leniently and printed exactly as Seldon's component server does.

Nothing here knows what a message is.

Source:
    The component server reads what Python's json module reads: NaN and Infinity, any Unicode
    encoding, lone surrogates. It prints with sorted keys, compact, ASCII only, with a line end,
    and NaN and Infinity as bare words. Own choices, for speed: whole numbers beyond 64 bits are
    read as doubles, and small numbers may be printed as 0.00001 where it prints 1e-05.
"""

import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import orjson

_SORTED = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_APPEND_NEWLINE
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def read(text: bytes | str) -> Any:
    """The document in a JSON text.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deep.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return read_leniently(text)


def read_leniently(text: bytes | str) -> Any:
    """The same of a text that orjson does not read; raises as `read`."""
    return json.loads(text)


def printed(document: Any) -> bytes:
    """The JSON text of a document.

    Raises:
        TypeError, ValueError: it holds something that JSON has no form for.
        RecursionError: it is nested too deep.
    """
    return printed_quickly(document) or _printed_slowly(document)


def printed_quickly(document: Any) -> bytes | None:
    """The JSON text of a document, or None where only the slower way is sure to be right."""
    try:
        text = orjson.dumps(document, option=_SORTED)
    except TypeError:
        return None
    # `null` may have been NaN; what is not ASCII, and DEL, are written as escapes.
    return text if text.isascii() and text.find(b"null") < 0 and 0x7F not in text else None


def _printed_slowly(document: Any) -> bytes:
    text = json.dumps(document, default=_plain, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def _plain(value: Any) -> Any:
    """What Flask's JSON writes for values that JSON does not have."""
    match value:
        case date():
            return _http_date(value)
        case Decimal() | UUID():
            return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if hasattr(value, "__html__"):
        return str(value.__html__())
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _http_date(value: date) -> str:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return format_datetime(value.astimezone(UTC), usegmt=True)
