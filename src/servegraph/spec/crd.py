"""Whether the API server takes a document as a SeldonDeployment: types, required and unknown fields, names.

It looks at the document as it was read from YAML or JSON, before anything is made of it, and finds what the
structural schema refuses; what the admission webhook refuses is for rules to say. Never raises, whatever the
document is.

Source:
    Kubernetes' validation of custom resources: a null in a field that is not nullable is as good as absent (but not
    in a list), lists with keys, names and labels of objects. An unknown field is dropped by old clients, and
    refused by kubectl since 1.25.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.spec.crd_schema import ListOf, MapOf, ObjectOf, Scalar, Schema, schema
from servegraph.spec.crd_values import misfit, of_wrong_type
from servegraph.spec.deployment import API_VERSIONS
from servegraph.spec.source import Place

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the schema does not allow.

    Attributes:
        path: the keys and indices that lead to it; of a missing field, with the field itself.
        kind: `type`, `range`, `pattern`, `required`, `unknown`, `duplicate` (an entry of a list whose entries differ),
            `name` (of the object, a label or an annotation) or `version` (apiVersion and kind).
        message: what is wrong, to be read after the name of the field.
        expected: the type; of an unknown field the known one that looks like it, or nothing.
    """

    path: Place
    kind: str
    message: str
    expected: str = ""


def violations(document: Any) -> list[Violation]:
    """All that the schema does not allow in a document; of each value the first."""
    found: list[Violation] = []
    _value(schema(), document, (), found)
    if isinstance(document, dict):
        found += _version(document)
        if isinstance(metadata := document.get("metadata"), dict):
            found += _metadata(metadata)
            if metadata.get("generateName"):  # `kubectl create` has the name made
                found = [each for each in found if (each.path, each.kind) != (("metadata", "name"), "required")]
    return found


def _value(wanted: Schema, value: Any, path: Place, found: list[Violation]) -> None:
    match wanted:
        case Scalar(nullable=nullable):
            wrong = None if nullable and value is None else misfit(wanted.type, value)
            if wrong:
                found.append(Violation(path, *wrong))
        case ListOf():
            if isinstance(value, list):
                _list(wanted, value, path, found)
            else:
                found.append(Violation(path, *of_wrong_type(value, "array")))
        case _ if not isinstance(value, dict):
            found.append(Violation(path, *of_wrong_type(value, "object")))
        case MapOf(value=each):
            for key, item in value.items():
                if item is not None:
                    _value(each, item, (*path, _text(key)), found)
        case ObjectOf():
            _object(wanted, value, path, found)


def _object(wanted: ObjectOf, value: Mapping[Any, Any], path: Place, found: list[Violation]) -> None:
    properties = wanted.properties
    for key, item in value.items():
        known = properties.get(key)
        if known is None:
            found.append(_unknown(properties, _text(key), path))
        elif item is not None:
            _value(known, item, (*path, key), found)
    for name in wanted.required:
        if value.get(name) is None:
            found.append(Violation((*path, name), "required", "is required", _expected(properties[name])))


def _list(wanted: ListOf, value: list[Any], path: Place, found: list[Violation]) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for index, item in enumerate(value):
        _value(wanted.item, item, (*path, index), found)
        keys = _keys(wanted, item) if wanted.keys else None
        if keys and (first := seen.setdefault(keys, index)) != index:
            message = f"has the same {' and '.join(wanted.keys)} as entry {first + 1} of the list"
            found.append(Violation((*path, index), "duplicate", message))


def _keys(wanted: ListOf, item: Any) -> tuple[Any, ...] | None:
    """The values in which the entries of a list differ; None when they are not all there."""
    if not isinstance(item, dict) or not isinstance(wanted.item, ObjectOf):
        return None
    values = []
    for key in wanted.keys:
        value, known = item.get(key), wanted.item.properties[key]
        values.append(known.default if value is None and isinstance(known, Scalar) else value)
    return tuple(values) if all(isinstance(value, str | int | float) for value in values) else None


def _unknown(properties: Mapping[str, Schema], key: str, path: Place) -> Violation:
    similar = difflib.get_close_matches(key, properties, n=1, cutoff=0.7)
    return Violation((*path, key), "unknown", "is no field of this object", *similar)


def _expected(wanted: Schema) -> str:
    match wanted:
        case Scalar(type="int32" | "int64"):
            return "integer"
        case Scalar(type=type_):
            return type_
        case ListOf():
            return "array"
    return "object"


def _text(key: Any) -> str:
    """A key of a mapping as JSON has it; YAML knows others than strings."""
    match key:
        case str():
            return key
        case None:
            return "null"
        case bool():
            return str(key).lower()
        case int() if abs(key) < 2**63:
            return str(key)
    return type(key).__name__


def _version(document: Mapping[Any, Any]) -> Iterator[Violation]:
    version, kind = document.get("apiVersion"), document.get("kind")
    if isinstance(version, str) and version not in API_VERSIONS:
        yield Violation(("apiVersion",), "version", f"is none of {', '.join(API_VERSIONS)}", API_VERSIONS[0])
    if isinstance(kind, str) and kind != "SeldonDeployment":
        yield Violation(("kind",), "version", "is not SeldonDeployment", "SeldonDeployment")


def _metadata(metadata: Mapping[Any, Any]) -> Iterator[Violation]:
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if isinstance(name, str) and not _is_subdomain(name):
        allowed = "lower-case letters, digits, dashes and dots, with a letter or digit at both ends, 253 at most"
        yield Violation(("metadata", "name"), "name", f"may only hold {allowed}", "DNS-1123 subdomain")
    if isinstance(namespace, str) and namespace and (not _is_subdomain(namespace, 63) or "." in namespace):
        allowed = "lower-case letters, digits and dashes, with a letter or digit at both ends, 63 at most"
        yield Violation(("metadata", "namespace"), "name", f"may only hold {allowed}", "DNS-1123 label")
    for field in ("labels", "annotations"):
        if isinstance(entries := metadata.get(field), dict):
            yield from _entries(field, entries)


def _entries(field: str, entries: Mapping[Any, Any]) -> Iterator[Violation]:
    for key, value in entries.items():
        path = ("metadata", field, _text(key))
        if not _is_qualified(_text(key)):
            yield Violation(path, "name", f"is no name of an entry of {field}", "[prefix/]name")
        elif field == "labels" and isinstance(value, str) and not _is_label_value(value):
            allowed = "letters, digits, dashes, dots and underscores, with a letter or digit at both ends, 63 at most"
            yield Violation(path, "name", f"may only hold {allowed}", "label value")


def _is_subdomain(text: str, longest: int = 253) -> bool:
    return len(text) <= longest and _SUBDOMAIN.fullmatch(text) is not None


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return _is_label_value(name) and bool(name) and (not slash or _is_subdomain(prefix.lower()))


def _is_label_value(text: str) -> bool:
    return not text or (len(text) <= 63 and _KEY.fullmatch(text) is not None)
