"""Manifests with something wrong at random: values that are gone, doubled, of another type or name; broken text."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 2**70, 0.5, float("inf"), "", "0", "x", "yes", "é模型", "a" * 300, "x\ny", "\x1b[2J", "{",
    "# no", [], {}, [None], [[]], {"name": None}, {"": {}}, [{"name": "a"}, {"name": "a"}],
)  # fmt: skip
KEYS = ("name", "graph", "children", "Name", "modelURI", "", "1", "true", "<<", "a.b/c", "é", "spec", "x\ny")
PIECES = (
    "\t", "  ", "-", "- ", ": ", "#", "# servegraph: ignore", "# servegraph: ignore[SG102]", '"', "'", "{", "}", "[",
    "]", ",", "&a ", "*a", "<<: *a", "!!str ", "|\n", ">-\n", "---\n", "...\n", "\r\n", "\x00", "\x85", "\u2028",
    "\ufeff", "\ud800", "💥", "%YAML 1.1\n", "? ", "~", "0x10", "1e3", "\x1b[31m",
)  # fmt: skip


@cache
def seeds() -> tuple[Sequence[str], Sequence[Any]]:
    """The examples of all rules, broken and repaired: their texts, and what can be read of them."""
    folder = files("servegraph.check") / "examples"
    found = [text for code in folder.iterdir() if code.is_dir() for text in code.iterdir()]
    texts = sorted(text.read_text(encoding="utf-8") for text in found if text.name.endswith(".yaml"))
    return texts, [document for document in map(_read, texts) if isinstance(document, dict)]


def mutants(random: Random, count: int) -> Iterator[str]:
    """So many texts, each made of one seed by a few changes."""
    texts, documents = seeds()
    for _ in range(count):
        if random.random() < 0.7:
            document = copy.deepcopy(random.choice(documents))
            for _ in range(random.choice((1, 1, 1, 2, 5))):
                _change(random, document)
            text = _written(random, document)
            yield text if random.random() < 0.9 else _scrambled(random, text)
        else:
            yield _scrambled(random, random.choice(texts))


def _read(text: str) -> Any:
    try:
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return None


def _written(random: Random, document: Any) -> str:
    forms: tuple[Callable[[Any], str], ...] = (
        lambda value: str(yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False)),
        lambda value: str(yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, indent=4, allow_unicode=True)),
        lambda value: str(yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=True)),
        lambda value: json.dumps(value, indent=2),
        lambda value: json.dumps(value, indent="\t", ensure_ascii=False),
        json.dumps,
    )
    return random.choice(forms)(document)


def _collections(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for item in list(value.values()) if isinstance(value, dict) else value:
            yield from _collections(item)


def _change(random: Random, document: Any) -> None:
    """Change one entry of one collection in place."""
    found = random.choice([each for each in _collections(document) if each] or [{"": None}])
    place = random.choice(list(found) if isinstance(found, dict) else range(len(found)))
    match random.randrange(5):
        case 0:
            del found[place]
        case 1:
            found[place] = copy.deepcopy(random.choice(VALUES))
        case 2 if isinstance(found, list):
            found.insert(random.randrange(len(found) + 1), copy.deepcopy(found[place]))
        case 2:
            found[random.choice(KEYS)] = copy.deepcopy(found[place])
        case 3 if isinstance(found, dict):
            found[random.choice(KEYS)] = found.pop(place)
        case _:
            inner = [each for each in _collections(document) if each is not found]
            found[place] = copy.deepcopy(random.choice(inner)) if inner else None


def _scrambled(random: Random, text: str) -> str:
    for _ in range(random.choice((1, 1, 2, 4))):
        lines = text.splitlines(keepends=True) or [""]
        here, offset = random.randrange(len(lines)), random.randrange(len(text) + 1)
        match random.randrange(7):
            case 0:
                text = text[:offset] + random.choice(PIECES) + text[offset:]
            case 1:
                text = text[:offset] + text[offset + random.randrange(1, 9) :]
            case 2:
                text = "".join(lines[:here] + lines[here : here + 1] * 2 + lines[here + 1 :])
            case 3:
                text = "".join(lines[:here] + lines[here + 1 :])
            case 4:
                text = "".join([*lines[:here], "  " + lines[here], *lines[here + 1 :]])
            case 5:
                text = "".join(
                    [*lines[:here], lines[here].rstrip("\n") + " " + random.choice(PIECES), "\n", *lines[here + 1 :]]
                )
            case 6:
                text = text[:offset] + random.choice(("", "\n---\n" + text))
    return text
