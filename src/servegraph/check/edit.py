"""A mechanical repair, in terms of the document; `fixing` turns it into a change of the text."""

from collections.abc import Sequence
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


def edited(value: Any, edits: Sequence[Edit], place: Place = ()) -> Any:
    """A document after edits whose places are all those of the document before."""
    for edit in edits:
        if edit.place == place and not isinstance(edit, Insert | RenameKey | Remove):
            return edit.value
    names = {edit.place: edit.key for edit in edits if isinstance(edit, RenameKey)}
    gone = {edit.place for edit in edits if isinstance(edit, Remove)}
    inserted = {edit.key: edit.value for edit in edits if isinstance(edit, Insert) and edit.place == place}
    if isinstance(value, dict) or (value is None and inserted):
        entries = [(key, (*place, key), item) for key, item in (value or {}).items() if (*place, key) not in gone]
        return {names.get(inner, key): edited(item, edits, inner) for key, inner, item in entries} | inserted
    if isinstance(value, list):
        items = [((*place, index), item) for index, item in enumerate(value)]
        return [edited(item, edits, inner) for inner, item in items if inner not in gone]
    return value
