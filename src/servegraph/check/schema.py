"""What the API server refuses because it is not in the shape of the resource (SG1xx).

Source:
    The CRD of SeldonDeployment and Kubernetes' validation of custom resources (`spec.crd`); the
    words of a rule are here, its violations are found there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from servegraph.check.edit import Edit, RenameKey, Replace, edited
from servegraph.check.finding import Found, Level
from servegraph.check.rule import Rule
from servegraph.spec.crd import Violation, violations
from servegraph.spec.deployment import API_GROUP
from servegraph.spec.source import Document, Place

MAX_LEVELS = 11
_NEWER = frozenset(("hostUsers", "resizePolicy", "resourceClaims", "schedulingGates"))


# What cannot be read at all is refused where it is loaded; of the rest only a cluster is so strict.
def _words(code: str, level: Level, title: str, why: str, *, cluster_only: bool = False) -> Rule:
    return Rule(code, level, title, cleandoc(why), cluster_only=cluster_only)


MALFORMED = _words(
    "SG100",
    Level.ERROR,
    "The file is neither YAML nor JSON",
    """kubectl cannot read the file, so nothing of it reaches the cluster. The place that is shown is where the reader
    gave up; the mistake is often a line above, where indentation changed or a quote was left open.""",
)
REQUIRED = _words(
    "SG101",
    Level.ERROR,
    "A required field is missing",
    """The schema of the resource requires the field, and the API server refuses the object without it. A field whose
    value is empty (`graph:` and nothing after it) counts as missing.""",
    cluster_only=True,
)
TYPE = _words(
    "SG102",
    Level.ERROR,
    "A value of the wrong type",
    """The schema of the resource says of which type the value is, and the API server refuses another one. Most often a
    number or a truth value stands where text is meant: values of annotations, of labels, of environment variables and
    of a node's parameters are always text, whatever they say, and need quotes.""",
    cluster_only=True,
)
PATTERN = _words(
    "SG103",
    Level.ERROR,
    "A value that is not in the required form",
    """The value has the right type, but its text has a form that Kubernetes refuses: quantities such as `500m` or
    `1Gi`, for example, are numbers with one of Kubernetes' own suffixes.""",
    cluster_only=True,
)
UNKNOWN = _words(
    "SG104",
    Level.WARNING,
    "A field that does not exist",
    """The resource has no such field. kubectl since 1.25 refuses the object; older clients drop the field without a
    word, and what it was meant to set stays at its default. Often it is a misspelling, or a field of a level above
    or below.""",
)
DUPLICATE = _words(
    "SG105",
    Level.ERROR,
    "The same key twice",
    """YAML and JSON keep one of two entries with the same key, the last one, and kubectl refuses them in strict
    mode. In lists that Kubernetes treats as maps, such as the ports of a container, two items must not share their
    key either.""",
    cluster_only=True,
)
VERSION = _words(
    "SG106",
    Level.ERROR,
    "Not an apiVersion of SeldonDeployment",
    """The resource is served as machinelearning.seldon.io/v1, v1alpha2 and v1alpha3. No cluster knows it by another
    name.""",
    cluster_only=True,
)
NAME = _words(
    "SG107",
    Level.ERROR,
    "A name that Kubernetes refuses",
    """The name of the object must be a DNS subdomain: lower-case letters, digits, dashes and dots, starting and ending
    with a letter or digit, at most 253 characters. Keys and values of labels have forms of their own.""",
    cluster_only=True,
)
TOO_DEEP = _words(
    "SG108",
    Level.ERROR,
    "A graph of more than eleven levels",
    """The schema spells the graph out, the root and ten levels of children below it. What is deeper is an unknown
    field: dropped by old clients, so that the deepest nodes never exist, and refused by newer ones.""",
    cluster_only=True,
)
COMPOSED = _words(
    "SG110",
    Level.ERROR,
    "A graph that cannot be composed",
    """The Python file joins nodes in a way that makes no graph: something is put after a node that answers last, for
    example, or a component is not written as folder.file:Class. The message says which node, and what to do.""",
)
RULES = (COMPOSED, MALFORMED, REQUIRED, TYPE, PATTERN, UNKNOWN, DUPLICATE, VERSION, NAME, TOO_DEEP)


def schema_findings(document: Document) -> tuple[list[tuple[Rule, Found]], Sequence[Violation]]:
    """What the schema refuses, and the same as violations."""
    violated = violations(document.value)
    found = [_found(document, violation) for violation in violated]
    found += [(DUPLICATE, _twice(place)) for place, _ in document.duplicates]
    return found, violated


def _found(document: Document, violation: Violation) -> tuple[Rule, Found]:
    place, field = violation.path, _field(violation.path)
    message = f"{field} {violation.message}"
    match violation.kind:
        case "required":
            return REQUIRED, Found(place, message, f"add it{_of_type(violation.expected)}")
        case "unknown" if place[-1] == "children" and place.count("children") >= MAX_LEVELS:
            what = f"the graph has more than {MAX_LEVELS} levels"
            return TOO_DEEP, Found(place, what, "flatten it, or split it into two deployments", at_key=True)
        case "unknown":
            return UNKNOWN, _unknown(document, violation, message)
        case "duplicate":
            return DUPLICATE, Found(place, message, "remove one of them")
        case "pattern":
            return PATTERN, Found(
                place, message, f"write a {violation.expected}" if violation.expected else "correct it"
            )
        case "name":
            return NAME, Found(place, message, "choose another name", at_key=place[1] != "name")
        case "version":
            return VERSION, Found(
                place, message, f"write {violation.expected}", edits=[Replace(place, violation.expected)]
            )
    return TYPE, _retyped(document, violation, message)


def misspelt_kind(document: Document) -> Iterator[tuple[Rule, Found]]:
    """An object of Seldon's API group that is of no kind of it."""
    said = document.value if isinstance(document.value, dict) else {}
    version, kind = said.get("apiVersion"), said.get("kind")
    if isinstance(version, str) and version.startswith(f"{API_GROUP}/") and kind != "SeldonDeploymentList":
        edits = [Replace(("kind",), "SeldonDeployment")] if isinstance(kind, str) else []
        yield VERSION, Found(("kind",), f"{API_GROUP} has no kind {kind!r}", "write SeldonDeployment", edits=edits)


def untyped(error: Mapping[str, Any]) -> Found:
    """A value that the schema lets pass and that is no use all the same; `error` is pydantic's."""
    place: Place = tuple(error["loc"])
    return Found(place, f"{_field(place)}: {error['msg'].lower()}", "correct the value")


def _field(place: Place) -> str:
    if not place:
        return "the document"
    return f"`{place[-1]}`" if isinstance(place[-1], str) else f"entry {place[-1] + 1} of `{place[-2]}`"


def _of_type(expected: str) -> str:
    return f", of type {expected}" if expected else ""


def _unknown(document: Document, violation: Violation, message: str) -> Found:
    place, known = violation.path, violation.expected
    if place[-1] in _NEWER:
        what = f"{_field(place)} is a field of newer Kubernetes, which this resource does not know"
        return Found(place, what, "remove it; pods have the fields of Kubernetes 1.24 here", at_key=True)
    if not known:
        return Found(place, message, "remove it, or move it to where it belongs", at_key=True)
    rename = RenameKey(place, known)
    edits: list[Edit] = [rename] if _is_better(document, rename) else []
    return Found(place, message, f"did you mean `{known}`?", edits=edits, at_key=True)


def _is_better(document: Document, rename: RenameKey) -> bool:
    """Whether the value may stand under the other name, and nothing stands there."""
    if document.has((*rename.place[:-1], rename.key)):
        return False
    return len(violations(edited(document.value, [rename]))) < len(violations(document.value))


def _retyped(document: Document, violation: Violation, message: str) -> Found:
    """The finding, with the repair where the same text in or without quotes has the right type."""
    place, value = violation.path, document.value_at(violation.path)
    edits: list[Edit] = []
    help_ = f"write a value of type {violation.expected}" if violation.expected else "correct it"
    is_free_text = place[-1] == "value" or "annotations" in place or "labels" in place or "string" != violation.expected
    if "string" in violation.expected and isinstance(value, bool | int | float) and is_free_text:
        span = document.locate(place)
        written = document.text[span.start : span.end]
        edits, help_ = [Replace(place, written)], f'put it in quotes: "{written}"'
    elif violation.expected == "integer" and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        edits, help_ = [Replace(place, int(value))], f"write the number without quotes: {int(value)}"
    return Found(place, message, help_, edits=edits)


def _twice(place: Place) -> Found:
    return Found(place, f"{_field(place)} stands twice in one mapping", "remove one of the two", at_key=True)
