"""What a plain value of the schema may be: types, ranges and patterns, as the API server sees them.

A value that JSON does not have (YAML makes dates) counts as a string, as it does for kubectl. A number
without a fraction is an integer, however it is written.

Source:
    Kubernetes' validation of custom resources; its pattern of a quantity.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_NUMBER = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_QUANTITY = re.compile(rf"[+-]?{_NUMBER}([KMGTPE]i|[numkMGTPE]|[eE][+-]?{_NUMBER})?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Misfit(NamedTuple):
    """Why a value does not fit: `kind` is type, range or pattern; `message` goes after the name of the value."""

    kind: str
    message: str
    expected: str


def misfit(type_: str, value: Any) -> Misfit | None:
    """What is wrong with a value that must be of a scalar type of the schema; None when it fits."""
    return _TESTS[type_](value)


def json_type(value: Any) -> str:
    """JSON's word for the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case dict():
            return "object"
        case list():
            return "array"
    return "string"


def of_wrong_type(value: Any, expected: str) -> Misfit:
    return Misfit("type", f"must be {_article(expected)}, not {_shown(value)}", expected)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _shown(value: Any) -> str:
    """A value in a message: its type, and the value itself when it is short."""
    kind = json_type(value)
    match value:
        case None:
            return kind
        case bool():
            return f"the {kind} {str(value).lower()}"
        case int() if abs(value) >= 2**63:  # Python refuses to write very long ones
            return f"a huge {kind}"
        case int() | float():
            return f"the {kind} {value}"
        case str() if len(value) <= 40:
            return f"the {kind} {value!r}"
    return _article(kind)


def _string(value: Any) -> Misfit | None:
    return None if json_type(value) == "string" else of_wrong_type(value, "string")


def _boolean(value: Any) -> Misfit | None:
    return None if isinstance(value, bool) else of_wrong_type(value, "boolean")


def _integer(bits: int) -> Callable[[Any], Misfit | None]:
    smallest, largest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def test(value: Any) -> Misfit | None:
        if json_type(value) != "integer":
            return of_wrong_type(value, "integer")
        if smallest <= value <= largest:
            return None
        return Misfit("range", f"must be from {smallest} to {largest}, not {_shown(value)}", "integer")

    return test


def _integer_or_string(value: Any) -> Misfit | None:
    return None if json_type(value) in ("integer", "string") else of_wrong_type(value, "integer or string")


def _quantity(value: Any) -> Misfit | None:
    if not isinstance(value, str) or _QUANTITY.fullmatch(value):
        return _integer_or_string(value)
    message = f"must be a quantity such as 500m, 0.5 or 1Gi, not {_shown(value)}"
    return Misfit("pattern", message, "quantity")


def _date_time(value: Any) -> Misfit | None:
    if not isinstance(value, str) or _DATE_TIME.fullmatch(value):
        return _string(value)
    return Misfit("pattern", f"must be a time such as 2024-05-01T12:00:00Z, not {_shown(value)}", "date-time")


def _anything(value: Any) -> Misfit | None:
    return None


_TESTS: Mapping[str, Callable[[Any], Misfit | None]] = MappingProxyType(
    {
        "string": _string,
        "boolean": _boolean,
        "int32": _integer(32),
        "int64": _integer(64),
        "int-or-string": _integer_or_string,
        "quantity": _quantity,
        "date-time": _date_time,
        "any": _anything,
    }
)
