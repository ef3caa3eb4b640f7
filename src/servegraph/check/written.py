"""Values as they are written into a manifest: plain where no reader of YAML can mistake them, else in quotes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from servegraph.errors import MalformedFile
from servegraph.spec.yaml_text import compose

# A word, or a number with a unit. What YAML 1.1 or 1.2 reads as something else than text is found by reading it.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@:-]*[A-Za-z0-9_/]|[A-Za-z_/]|[0-9]+[A-Za-z]+")
_TEXT = "tag:yaml.org,2002:str"


def scalar(value: Any, quote: str | None = None) -> str:
    """A scalar in YAML; text gets the quotes that are named, or those that it needs."""
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return value if quote is None and _is_plain(value) else flow(value)


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or len(text) > 200:
        return False
    try:
        return [node.tag for node in compose(text, "")] == [_TEXT]
    except MalformedFile:
        return False


def flow(value: Any, indent: str | None = None) -> str:
    """A value as JSON, which YAML is too; on lines of its own where an indentation is given."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def block(key: str, value: Any) -> Iterator[str]:
    """The lines of an entry of a mapping in block style."""
    if isinstance(value, dict | list) and value:
        yield f"{scalar(key)}:"
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{scalar(key)}: {scalar(value)}"


def _lines(value: Any) -> Iterator[str]:
    """A value without its key; what is not empty takes lines of its own."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from block(key, item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from (f"{'  ' if index else '- '}{line}" for index, line in enumerate(_lines(item)))
    else:
        yield scalar(value)
