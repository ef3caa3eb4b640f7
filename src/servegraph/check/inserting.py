"""What a new entry of a mapping changes in a text: where it goes, and how it is laid out there."""

from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from servegraph.check.written import block, flow
from servegraph.check.written_entry import Change, Unchangeable, entries_of, line_end, line_start


def inserted(text: str, node: Node, key: str, value: Any) -> Change:
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(node, MappingNode) and node.flow_style:
        return _inserted_in_flow(text, node, key, value, newline)
    if isinstance(node, MappingNode) and node.value:
        return _inserted_in_block(text, node, key, value, newline)
    if isinstance(node, ScalarNode):  # an empty value, or null
        start, end = node.start_mark.index, node.end_mark.index
        return Change(start, end, (" " if start == end else "") + flow({key: value}))
    raise Unchangeable


def _inserted_in_block(text: str, node: MappingNode, key: str, value: Any, newline: str) -> Change:
    """Plain values go behind the plain values at the top of the mapping, others to its end."""
    entries = list(entries_of(node))
    first_nested = next((each.index for each in entries if isinstance(each.value, CollectionNode)), len(entries))
    plain = first_nested and not isinstance(value, dict | list)
    end = entries[first_nested - 1 if plain else -1].end
    lines = [" " * entries[0].key.start_mark.column + line for line in block(key, value)]  # type: ignore[union-attr]
    if text[end - 1] == "\n":
        return Change(end, end, "".join(f"{line}{newline}" for line in lines))
    end = line_end(text, end)
    return Change(end, end, "".join(f"{newline}{line}" for line in lines))


def _inserted_in_flow(text: str, node: MappingNode, key: str, value: Any, newline: str) -> Change:
    entries = list(entries_of(node))
    if not entries:
        return Change(node.start_mark.index + 1, node.start_mark.index + 1, flow({key: value})[1:-1])
    last = entries[-1]
    margin = text[line_start(text, last.start) : last.start]
    if margin.strip() or line_start(text, last.start) <= node.start_mark.index:
        return Change(last.end, last.end, f", {flow({key: value})[1:-1]}")
    closing = line_start(text, node.end_mark.index)
    outer = text[closing : node.end_mark.index - 1]
    step = margin.removeprefix(outer) if margin.startswith(outer) and not outer.strip() else "  "
    written = f"{flow(key)}: {flow(value, step or '  ')}".replace("\n", newline + margin)
    return Change(last.end, last.end, f",{newline}{margin}{written}")
