"""YAML text to nodes that know their places, and nodes to the JSON-like values that the API server gets.

Source:
    `kubectl` reads YAML 1.1 with Go's library and sends JSON: `on`, `yes` and `y` are truth values,
    a date is text, and a key that is a number becomes text. PyYAML's own reading differs in dates and
    in numbers with colons, so scalars are resolved here.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from servegraph.errors import MalformedFile

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_STRING = f"{_TAG}str"
MAX_DEPTH = 200
MAX_VALUES = 500_000  # aliases of aliases can mean more than fits in memory

_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_BRACKETS = re.compile(r"[\[{\]}]")
_DEEP_BLOCK = re.compile(r"^[ ]*(?:[-?:][ ]+){200}|^[ ]{4000}", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """Composes nodes; what a plain scalar is, is said by `_RESOLVERS`."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own way, which the lines below fill


_RESOLVERS = (
    ("bool", r"true|True|TRUE|false|False|FALSE|[yY]|yes|Yes|YES|[nN]|no|No|NO|on|On|ON|off|Off|OFF", "tTfFyYnNoO"),
    ("int", r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[1-9][0-9_]*|0)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", r"<<", "<"),
)
for _kind, _pattern, _first in _RESOLVERS:
    _firsts = ["" if letter == "\0" else letter for letter in _first]
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"(?:{_pattern})$"), _firsts)


def compose(text: str, file: str) -> Iterator[Node]:
    """The root node of each document that is not empty; `file` names it in errors.

    Raises:
        MalformedFile: it is neither YAML nor JSON.
    """
    _refuse_deep(text, file)
    try:
        for node in yaml.compose_all(_composable(text), Loader=_Loader):
            if node is not None and node.tag != f"{_TAG}null":
                yield node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise MalformedFile(file, str(error.problem or error.context), line, column) from error
    except (yaml.YAMLError, ValueError) as error:
        raise MalformedFile(file, " ".join(str(error).split())) from error
    except RecursionError as error:
        raise MalformedFile(file, "it is nested too deeply") from error


def _composable(text: str) -> str:
    """The text as YAML's parser takes it, every character in its place: JSON may have tabs and surrogate pairs."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _SURROGATES.sub("?" * 12, text.replace("\t", " "))


def _refuse_deep(text: str, file: str) -> None:
    """The parser is recursive C code: nesting without end would end the process."""
    found, depth = _DEEP_BLOCK.search(text), 0
    for bracket in _BRACKETS.finditer(text) if text.count("[") + text.count("{") > MAX_DEPTH else ():
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            found = bracket
            break
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise MalformedFile(file, f"it is nested more than {MAX_DEPTH} levels deep", line)


class Construction:
    """Makes the value of one document's node.

    Attributes:
        duplicates: the key nodes that a mapping has a second time, with the paths of their values.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: set[int] = set()
        self._count = 0
        self.duplicates: list[tuple[tuple[str | int, ...], Node]] = []

    def value(self, node: Node, path: tuple[str | int, ...] = ()) -> Any:
        """The JSON-like value of a node.

        Raises:
            MalformedFile: a node holds itself, is of a type that JSON lacks, or all together are too many.
        """
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise self._refused(node, "its aliases expand to more than can be meant")
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._refused(node, "a value contains itself")
        self._open.add(id(node))
        try:
            return self._collection(node, path)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: Node, path: tuple[str | int, ...]) -> Any:
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        self._note_duplicates(node, path)
        entries = ((key_text(key), value) for key, value in pairs(node))
        return {key: self.value(value, (*path, key)) for key, value in entries}

    def _note_duplicates(self, node: Node, path: tuple[str | int, ...]) -> None:
        seen: set[str] = set()
        for key_node, _ in node.value if isinstance(node, MappingNode) else ():
            key = key_text(key_node)
            if key in seen:
                self.duplicates.append(((*path, key), key_node))
            seen.add(key)

    def _scalar(self, node: ScalarNode) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        try:
            return _scalar(kind, text)
        except ValueError as error:
            raise self._refused(node, f"{text[:40]!r} is no {kind}") from error
        except KeyError as error:
            raise self._refused(node, f"the tag {node.tag} means nothing to Kubernetes") from error

    def _refused(self, node: Node, what: str) -> MalformedFile:
        return MalformedFile(self._file, what, node.start_mark.line + 1, node.start_mark.column + 1)


def pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """The entries of a mapping node, those of merged mappings (`<<`) first, so that its own win."""
    entries = node.value if isinstance(node, MappingNode) else []
    for key, value in entries:
        if key.tag == _MERGE:
            merged = value.value if isinstance(value, SequenceNode) else [value]
            for each in reversed(merged):
                if isinstance(each, MappingNode) and each is not node:
                    yield from ((k, v) for k, v in each.value if k.tag != _MERGE)
    yield from ((key, value) for key, value in entries if key.tag != _MERGE)


def key_text(node: Node) -> str:
    """A key as JSON has it: always text."""
    if not isinstance(node, ScalarNode):
        return "?"
    if node.tag == _STRING:
        return str(node.value)
    try:
        value = _scalar(node.tag.removeprefix(_TAG), node.value)
    except (KeyError, ValueError):
        return str(node.value)
    return value if isinstance(value, str) else json.dumps(value)


def _scalar(kind: str, text: str) -> Any:
    match kind:
        case "str" | "timestamp" | "binary" | "merge" | "value":
            return text
        case "null":
            return None
        case "bool":
            return text[0] in "tTyY" or text in ("on", "On", "ON")
        case "int":
            return _int(text.replace("_", ""))
        case "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    raise KeyError(kind)


def _int(text: str) -> int:
    digits = text.lstrip("+-").lower()
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits}"
    return int(digits, 0) * (-1 if text.startswith("-") else 1)
