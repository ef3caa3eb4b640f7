"""Quote parsed JSON in an error, as Python writes it: the beginning, at the cost of the beginning."""

from collections.abc import Iterator
from typing import Any

LIMIT = 2000  # characters


def quoted(document: Any) -> str:
    """`str(document)`, or its first 2000 characters and dots."""
    if isinstance(document, str):
        return _cut(document)
    parts: list[str] = []
    room = LIMIT
    for part in _parts(document):
        parts.append(part)
        room -= len(part)
        if room < 0:
            break
    return _cut("".join(parts))


def _cut(text: str) -> str:
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}..."


def _parts(document: Any) -> Iterator[str]:
    match document:
        case dict():
            yield "{"
            for number, (key, member) in enumerate(document.items()):
                yield f"{', ' if number else ''}{key[: LIMIT + 1]!r}: "
                yield from _parts(member)
            yield "}"
        case list():
            yield "["
            for number, item in enumerate(document):
                yield ", " if number else ""
                yield from _parts(item)
            yield "]"
        case str():
            yield repr(document[: LIMIT + 1])
        case _:
            yield repr(document)
