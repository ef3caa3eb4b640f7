"""How two JSON documents differ, value by value, in the words of the manifest.

Lists of named things (env, parameters, containers) are compared by name, all other lists as a whole.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

_PLAIN = re.compile(r"[A-Za-z_]\w*")
_SECRET = re.compile(r"secret|passw|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
_LONGEST = 100  # characters of a value; the rest is in the files


class Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""No value."""


@dataclass(frozen=True, slots=True)
class Field:
    """One difference; `old` or `new` may be ABSENT."""

    path: str
    old: Any
    new: Any

    @property
    def action(self) -> str:
        if self.old is ABSENT:
            return "+"
        return "-" if self.new is ABSENT else "~"

    @property
    def is_secret(self) -> bool:
        """Whether a plan should not print the values: those of variables that are called like secrets."""
        last = re.search(r"(?:env\[([^\]]*)\]|oauth_\w+)$", self.path)
        if last is not None:
            return bool(_SECRET.search(last[0]))
        return self.path.endswith("env") and bool(_SECRET.search(f"{self.old}{self.new}"))


def differences(old: Any, new: Any, path: str = "") -> Iterator[Field]:
    """All differences between two documents, in the order of the old one, then of the new one."""
    if _is_mapping(old, new) or _is_mapping(new, old):
        old, new = ({} if side is ABSENT else side for side in (old, new))
        for key in dict.fromkeys((*old, *new)):
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), _below(path, str(key)))
        return
    named = _named(old), _named(new)
    if named[0] is not None and named[1] is not None:
        yield from _of_lists(named[0], named[1], path)
    elif not _same(old, new):
        yield Field(path, old, new)


def _is_mapping(one: Any, other: Any) -> bool:
    """Whether both are mappings; one that is not there is empty, unless the other is, too."""
    return isinstance(one, Mapping) and (isinstance(other, Mapping) or (other is ABSENT and bool(one)))


def _below(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _named(value: Any) -> dict[str, Any] | None:
    """The items of a list by their names; None if it is no such list. A list that is not there is empty."""
    if value is ABSENT:
        return {}
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    names = [item.get("name") if isinstance(item, Mapping) else None for item in value]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return dict(zip(map(str, names), value, strict=True))


def _of_lists(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Field]:
    for name in dict.fromkeys((*old, *new)):
        yield from differences(*_unnamed(old.get(name, ABSENT), new.get(name, ABSENT)), f"{path}[{name}]")
    order = [name for name in old if name in new], [name for name in new if name in old]
    if order[0] != order[1]:
        yield Field(f"order of {path}", *order)


def _unnamed(old: Any, new: Any) -> tuple[Any, Any]:
    """Both without the name, which stands in the path; only their values, where they differ in nothing else."""
    sides = [side if side is ABSENT else {k: v for k, v in side.items() if k != "name"} for side in (old, new)]
    there = [side for side in sides if side is not ABSENT]
    simple = all(set(side) <= {"value", "type"} and "value" in side for side in there)
    if simple and all(side.get("type") == there[0].get("type") for side in there):
        sides = [side if side is ABSENT else side["value"] for side in sides]
    return sides[0], sides[1]


def _same(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and bool(old == new))


def shown(value: Any) -> str:
    """A value on one line."""
    text = value if isinstance(value, str) and _is_bare(value) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text) - _LONGEST} characters more)"


def _is_bare(text: str) -> bool:
    return bool(text) and text.isprintable() and text.strip() == text
