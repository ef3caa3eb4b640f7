"""Manifests as a person wrote them: the objects of a YAML or JSON file, and where each value stands.

A file may hold several documents, and a document may be a `List` of objects, as `kubectl get -o yaml` prints.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from servegraph.errors import ConfigurationError, MalformedFile
from servegraph.spec.yaml_text import Construction, compose, key_text, pairs

Place = tuple[str | int, ...]
"""The keys and indices that lead to a value, e.g. `("spec", "predictors", 0, "name")`."""

STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text, lines and columns from 1, the end exclusive; `start` and `end` are offsets in characters."""

    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file.

    Attributes:
        file: the name in messages.
        text: the whole file.
        value: the object as JSON-like data.
        node: its place in the text; what `locate` walks.
        duplicates: keys that stand twice in one mapping, with the second one's place in the text.
    """

    file: str
    text: str
    value: Any
    node: Node = field(repr=False)
    duplicates: Sequence[tuple[Place, Span]] = ()

    def locate(self, place: Place) -> Span:
        """Where a value stands; of one that is missing, the key of the nearest one around it."""
        key, value = _walk(self.node, place)
        return _span(value) if key is None or key is value else _span(key)

    def locate_key(self, place: Place) -> Span:
        """Where the key of a value stands; items of lists have none, so there it is the value."""
        key, value = _walk(self.node, place, keys=True)
        return _span(value if key is None else key)

    def value_at(self, place: Place) -> Any:
        """The value at a place; None if there is none."""
        value = self.value
        for step in place:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def has(self, place: Place) -> bool:
        """Whether there is a value at a place, be it null."""
        *around, last = place
        value = self.value_at(tuple(around))
        if isinstance(value, list):
            return isinstance(last, int) and last < len(value)
        return isinstance(value, dict) and last in value

    @property
    def is_deployment(self) -> bool:
        return isinstance(self.value, dict) and self.value.get("kind") == "SeldonDeployment"


def _walk(node: Node, place: Place, *, keys: bool = False) -> tuple[Node | None, Node]:
    """The node at a place with its key, or, for a place that is not there, the nearest key around it twice."""
    key: Node | None = None
    for step in place:
        entry = _entry(node, step)
        if entry is None:
            return (key or node, key or node)
        key, node = entry
    return (key if keys else None), node


def _entry(node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int):
        return (None, node.value[step]) if 0 <= step < len(node.value) else None
    if isinstance(node, MappingNode):
        found = [(key, value) for key, value in pairs(node) if key_text(key) == step]
        return found[-1] if found else None
    return None


def _span(node: Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1, start.index, end.index)


def read_text(path: Path) -> str:
    """The text of a file; of standard input if the path is `-`.

    Raises:
        ConfigurationError: it cannot be read, or is no text.
    """
    try:
        octets = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
        if b"\0" in octets:
            raise MalformedFile(str(path), "it is no text", octets.count(b"\n", 0, octets.index(b"\0")) + 1)
        return octets.decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise MalformedFile(str(path), "it is no UTF-8", line) from error


def read_documents(path: Path) -> list[Document]:
    """All objects of a file; raises like `read_text` and `parse_documents`."""
    return parse_documents(read_text(path), str(path))


def parse_documents(text: str, file: str) -> list[Document]:
    """All objects of a text.

    Raises:
        MalformedFile: it is neither YAML nor JSON.
    """
    return [found for node in compose(text, file) for found in _objects(node, text, file)]


def _objects(node: Node, text: str, file: str) -> Iterator[Document]:
    construction = Construction(file)
    value = construction.value(node)
    if "\\u" in text and text.lstrip().startswith("{"):
        # JSON writes characters beyond the first 65,536 as pairs, which YAML does not know.
        value = _as_json(text, value)
    duplicates = [(place, _span(key)) for place, key in construction.duplicates]
    kind = value.get("kind") if isinstance(value, dict) else None
    items = value.get("items") if isinstance(kind, str) and kind.endswith("List") else None
    if not isinstance(items, list):
        yield Document(file, text, value, node, duplicates)
        return
    for index, item in enumerate(items):
        if isinstance(item, dict) and kind != "List":
            item = {"kind": str(kind).removesuffix("List"), **item}  # which a list of one kind may leave out
        _, inner = _walk(node, ("items", index))
        own = [(place[2:], span) for place, span in duplicates if place[:2] == ("items", index)]
        yield Document(file, text, item, inner, own)


def _as_json(text: str, fallback: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return fallback
