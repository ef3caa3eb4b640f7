"""What an edit of a document changes in its text, in block style, in flow style and in JSON.

Nothing here looks whether the result means what it should: `fixing` reads it again.
"""

from collections.abc import Iterator
from typing import Any

from yaml.nodes import CollectionNode, Node, ScalarNode

from servegraph.check.edit import Edit, Insert, Remove, RenameKey, Replace
from servegraph.check.inserting import inserted
from servegraph.check.written import scalar
from servegraph.check.written_entry import (
    Change,
    Entry,
    Unchangeable,
    end_of,
    entries_of,
    entry_at,
    line_start,
    next_line,
)
from servegraph.spec.source import Document, Place


def nearest(document: Document, edit: Edit) -> Edit:
    """The same edit; an entry for a mapping that is not there becomes an entry for the nearest one that is."""
    while isinstance(edit, Insert) and edit.place and not document.has(edit.place):
        edit = Insert(edit.place[:-1], str(edit.place[-1]), {edit.key: edit.value})
    return edit


def changes(document: Document, edit: Edit) -> Iterator[Change]:
    """What the edit changes.

    Raises:
        Unchangeable: see there.
    """
    match edit:
        case Replace():
            yield _replaced(document.text, entry_at(document.node, edit.place), edit.value)
        case RenameKey():
            entry = entry_at(document.node, edit.place)
            if not isinstance(entry.key, ScalarNode):
                raise Unchangeable
            yield Change(entry.start, entry.key.end_mark.index, scalar(edit.key, _style(entry.parent, entry.key)))
        case Remove():
            yield _removed(document.text, entry_at(document.node, edit.place), edit.place, document.node)
        case Insert():
            if document.has((*edit.place, edit.key)):
                raise Unchangeable
            node = entry_at(document.node, edit.place).value if edit.place else document.node
            yield inserted(document.text, node, edit.key, edit.value)


def _style(parent: CollectionNode, written: Node) -> str | None:
    """How a scalar is quoted: in flow style as JSON is."""
    if parent.flow_style:
        return '"'
    return str(written.style) if isinstance(written, ScalarNode) and written.style in ("'", '"') else None


def _replaced(text: str, entry: Entry, value: Any) -> Change:
    start, end = entry.value.start_mark.index, end_of(entry.value)
    new = scalar(value, _style(entry.parent, entry.value))
    if start == end:  # nothing is written there
        return Change(start, end, f" {new}" if text[start - 1 : start] in (":", "-") else new)
    return Change(start, end, new + ("\n" if text[end - 1] == "\n" else ""))


def _removed(text: str, entry: Entry, place: Place, root: Node) -> Change:
    siblings = list(entries_of(entry.parent))
    if len(siblings) == 1:
        return _emptied(text, entry, place, root)
    following = siblings[entry.index + 1] if entry.index + 1 < len(siblings) else None
    if entry.parent.flow_style:
        before = siblings[entry.index - 1].end if entry.index else entry.start
        return Change(before, entry.end if entry.index or following is None else following.start, "")
    start = _dash(text, entry.start) if entry.key is None else entry.start
    line, after = line_start(text, start), next_line(text, entry.end)
    if not text[line:start].strip():
        return Change(line, after, "")
    return Change(start, after + len(text[after:]) - len(text[after:].lstrip(" ")), "")  # `- first: entry`


def _emptied(text: str, entry: Entry, place: Place, root: Node) -> Change:
    """Without its only entry a collection is `{}` or `[]`; one in block style moves up behind its key."""
    if entry.parent.flow_style:
        return Change(entry.start, entry.end, "")
    start = _dash(text, entry.start) if entry.key is None else entry.start
    empty = "[]" if entry.key is None else "{}"
    owner = entry_at(root, place[:-1]).key if len(place) > 1 else None
    if owner is not None and text[owner.end_mark.index : start].strip() == ":":
        return Change(owner.end_mark.index, entry.end, f": {empty}")
    return Change(start, entry.end, empty)


def _dash(text: str, start: int) -> int:
    """Where the dash of a list's item is."""
    return max(text.rfind("-", 0, start), 0)
