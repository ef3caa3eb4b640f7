"""Where the entries of a document stand in its text: the ends of values, the lines around them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from servegraph.spec.source import Place
from servegraph.spec.yaml_text import key_text


class Unchangeable(Exception):
    """The place is not there, or is written in a way that is not changed here."""


@dataclass(frozen=True, slots=True)
class Change:
    """Other text for a piece of text, from `start` up to `end`."""

    start: int
    end: int
    text: str

    def overlaps(self, other: "Change") -> bool:
        return self.start < other.end and other.start < self.end

    def meets(self, other: "Change") -> bool:
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a mapping or list, with its number in it; items of lists have no key."""

    parent: CollectionNode
    index: int
    key: Node | None
    value: Node

    @property
    def start(self) -> int:
        return int((self.key or self.value).start_mark.index)

    @property
    def end(self) -> int:
        return max(int(self.key.end_mark.index) if self.key else 0, end_of(self.value))


def entry_at(node: Node, place: Place) -> Entry:
    """The entry at a place, as it is written there: not by way of `<<`."""
    found: Entry | None = None
    for step in place:
        found = _step(node, step)
        node = found.value
    if found is None:
        raise Unchangeable
    return found


def _step(node: Node, step: str | int) -> Entry:
    entries = list(entries_of(node))
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(entries):
        return entries[step]
    for entry in reversed(entries):
        if entry.key is not None and key_text(entry.key) == step:
            return entry
    raise Unchangeable


def entries_of(node: Node) -> Iterator[Entry]:
    if isinstance(node, MappingNode):
        yield from (Entry(node, index, key, value) for index, (key, value) in enumerate(node.value))
    elif isinstance(node, SequenceNode):
        yield from (Entry(node, index, None, value) for index, value in enumerate(node.value))


def end_of(node: Node) -> int:
    """Where the text of a value ends; a block collection of the parser's goes on up to what follows it."""
    is_block = isinstance(node, CollectionNode) and not node.flow_style
    entries = list(entries_of(node)) if is_block else []
    return entries[-1].end if entries else int(node.end_mark.index)


def line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    found = re.compile(r"\r?\n|\Z").search(text, offset)
    return found.start() if found else len(text)


def next_line(text: str, offset: int) -> int:
    if text[offset - 1 : offset] == "\n":  # a block scalar ends with its line
        return offset
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1
