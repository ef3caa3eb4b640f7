"""A mechanical repair, in terms of the document; `fixing` turns it into a change of the text."""

from dataclasses import dataclass
from typing import Any

from servegraph.spec.source import Place


@dataclass(frozen=True, slots=True)
class Replace:
    """Write another scalar value at a place."""

    place: Place
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give the key of a value another name."""

    place: Place
    key: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take an entry out of a mapping, or an item out of a list."""

    place: Place


@dataclass(frozen=True, slots=True)
class Insert:
    """Put a new entry into the mapping at `place`; `value` is a scalar, or lists and mappings of them."""

    place: Place
    key: str
    value: Any


Edit = Replace | RenameKey | Remove | Insert
