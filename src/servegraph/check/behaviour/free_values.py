"""Reading the values that the typed resource leaves free: PodSpecs, probes, endpoints. Nothing here raises."""

from collections.abc import Mapping
from typing import Any

from servegraph.spec.resource import Resource


def extra(resource: Resource, key: str) -> Any:
    """A field that the resource does not model; None when it is absent."""
    return (resource.model_extra or {}).get(key)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def whole(value: Any) -> int | None:
    """The value if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def integer(text: str) -> int | None:
    """The number that a text is for Go's `Atoi`, else None."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else None
