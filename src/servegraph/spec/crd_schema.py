"""The structural schema of the SeldonDeployment, read from `crd.json` when it is first asked for.

`crd.json` holds the schema of the custom resource definition in a notation of its own, one definition an entry:

    "string" "boolean" "int32" "int64" "date-time" "quantity" "int-or-string" "any"     a plain value
    "date-time?"                    also null
    "string=TCP"                    with a default
    [item]                          a list
    [item, "key", ...]              a list whose items differ in these fields
    {"*": value}                    a map with any keys
    {"field": ..., "field!": ...}   an object; a field with `!` is required, one that is not listed is unknown
    {"+": "Name", ...}              the object of that definition, with more fields
    "Name"                          that definition

The levels of a graph are spelled out: the definition ends after the eleventh. `metadata` is Kubernetes' own
ObjectMeta, and `status` is anything: on writing, the API server drops it unread.

Source:
    SeldonDeployment CRD of Seldon Core 1.17.1 (Apache-2.0); that of 1.18.2 is equal, and so are v1, v1alpha2, v1alpha3.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain value; `default` stands in a field that is absent."""

    type: str
    nullable: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; no two items have the same values in the fields `keys`, if there are any."""

    item: "Schema"
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    value: "Schema"


@dataclass(frozen=True, slots=True)
class ObjectOf:
    properties: Mapping[str, "Schema"]
    required: tuple[str, ...]


type Schema = Scalar | ListOf | MapOf | ObjectOf


@cache
def schema() -> Schema:
    """The schema of a whole SeldonDeployment."""
    text = (files("servegraph.spec") / "crd.json").read_text(encoding="utf-8")
    return _Reader(json.loads(text)).named("SeldonDeployment")


class _Reader:
    """Makes schemas of the notation; each definition once."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[str, Schema] = {}

    def named(self, name: str) -> Schema:
        if name not in self._made:
            self._made[name] = self._read(self._definitions[name])
        return self._made[name]

    def _read(self, written: Any) -> Schema:
        match written:
            case str():
                return self.named(written) if written in self._definitions else _scalar(written)
            case [item, *keys]:
                return ListOf(self._read(item), tuple(keys))
            case {"*": value}:
                return MapOf(self._read(value))
        return self._object(written)

    def _object(self, written: Mapping[str, Any]) -> ObjectOf:
        parent = self.named(written["+"]) if "+" in written else ObjectOf({}, ())
        assert isinstance(parent, ObjectOf)
        own = {key: value for key, value in written.items() if key != "+"}
        properties = {key.removesuffix("!"): self._read(value) for key, value in own.items()}
        required = tuple(key.removesuffix("!") for key in own if key.endswith("!"))
        return ObjectOf({**parent.properties, **properties}, (*parent.required, *required))


def _scalar(word: str) -> Scalar:
    word, _, default = word.partition("=")
    return Scalar(word.removesuffix("?"), nullable=word.endswith("?"), default=default or None)
