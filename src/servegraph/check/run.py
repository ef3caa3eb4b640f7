"""Apply the rules: to a text, to a file's objects, to a deployment that was made in Python."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from servegraph.check.catalogue import BY_CODE, RULES
from servegraph.check.finding import Finding, Found, Level, path_text
from servegraph.check.ignoring import useless, without_ignored
from servegraph.check.rule import Rule
from servegraph.check.schema import MALFORMED, REQUIRED, TYPE, UNKNOWN, misspelt_kind, schema_findings, untyped
from servegraph.check.subject import Subject
from servegraph.errors import InvalidGraph, MalformedFile, Problem
from servegraph.spec import SeldonDeployment, dump
from servegraph.spec.crd import Violation
from servegraph.spec.source import Document, Place, Span, parse_documents

_HIDING = frozenset(rule.code for rule in (REQUIRED, TYPE))  # where they are, other findings may be missing


def check_text(text: str, file: str, servers: frozenset[str] = frozenset()) -> list[Finding]:
    """What is wrong with the SeldonDeployments of a YAML or JSON text, in the order of its lines.

    Args:
        file: its name in the findings.
        servers: prepackaged servers that the cluster knows beside Seldon's own.
    """
    try:
        documents = parse_documents(text, file)
    except MalformedFile as error:
        return [unreadable(error, file)]
    found = [finding for document in documents for finding in check_document(document, servers)]
    told = list(without_ignored(found, text))
    if not any(finding.code in _HIDING for finding in found):
        told += useless(found, text, file, BY_CODE)
    return sorted(told, key=lambda finding: (finding.span.start, finding.code))


def unreadable(error: MalformedFile, file: str) -> Finding:
    """The one finding of a file that is neither YAML nor JSON."""
    span = Span(error.line, error.column, error.line, error.column + 1, 0, 0)
    help_ = "correct the file: nothing else in it can be checked"
    return Finding(file, span, MALFORMED.code, MALFORMED.level, "", error.what, help_, blocks_run=True)


def check_document(document: Document, servers: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """What is wrong with one object; nothing, if it is no SeldonDeployment."""
    if not document.is_deployment:
        yield from (located(document, rule, found) for rule, found in misspelt_kind(document))
        return
    schema, violations = schema_findings(document)
    yield from (located(document, rule, found) for rule, found in schema)
    try:
        deployment = SeldonDeployment.read(_readable(document.value, violations))
    except ValidationError as error:
        if not any(rule.level is Level.ERROR for rule, _ in schema):
            yield from (located(document, TYPE, untyped(dict(each))) for each in error.errors())
    else:
        removed = [violation.path for violation in violations if violation.kind != "unknown"]
        yield from _independent(apply(RULES, Subject(document, deployment, servers)), removed)


def _independent(findings: Iterable[Finding], removed: Sequence[Place]) -> Iterator[Finding]:
    """The findings that are no mere consequence of values which had to be left out."""
    around = {path_text(place[:length]) for place in removed for length in range(len(place) + 1)}
    return (finding for finding in findings if finding.path not in around)


def apply(rules: Iterable[Rule], subject: Subject) -> Iterator[Finding]:
    """What some rules find."""
    for each in rules:
        if each.find is not None:
            yield from (located(subject.document, each, found) for found in each.find(subject))


def located(document: Document, rule: Rule, found: Found) -> Finding:
    """A finding with its place in the file."""
    span = document.locate_key(found.place) if found.at_key else document.locate(found.place)
    path = path_text(found.place)
    blocks = rule.level is Level.ERROR and not (rule.cluster_only or found.servable)
    return Finding(
        document.file, span, rule.code, rule.level, path, found.message, found.help, found.note, found.edits, blocks
    )


def check_servable(deployment: SeldonDeployment) -> None:
    """Raise InvalidGraph with everything that keeps a deployment from being served on one machine, or return."""
    _refuse(deployment, [finding for finding in _of(deployment) if finding.blocks_run])


def check_shippable(deployment: SeldonDeployment) -> None:
    """Raise InvalidGraph with everything that kubectl refuses, or that fails or answers wrongly in a cluster."""
    _refuse(deployment, [each for each in _of(deployment) if each.level is Level.ERROR or each.code == UNKNOWN.code])


def _of(deployment: SeldonDeployment) -> list[Finding]:
    return check_text(dump(deployment), deployment.name)


def _refuse(deployment: SeldonDeployment, findings: Sequence[Finding]) -> None:
    if findings:
        problems = [Problem(each.code, each.message, each.help) for each in findings]
        raise InvalidGraph(deployment.name, problems)


def _readable(value: Any, violations: Sequence[Violation]) -> Any:
    """The object without what its schema refuses, so that one wrong value does not hide what else is wrong."""
    for violation in violations:
        if violation.kind != "required":
            value = _without(value, violation.path)
    metadata = value.get("metadata")
    if isinstance(metadata, dict) and not metadata.get("name") and isinstance(metadata.get("generateName"), str):
        value = {**value, "metadata": {**metadata, "name": f"{metadata['generateName']}00000"}}
    return value


def _without(value: Any, place: Place) -> Any:
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(value, dict) and step in value:
        inner = {} if not rest else {step: _without(value[step], rest)}
        return {key: inner.get(key, item) for key, item in value.items() if rest or key != step}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_without(item, rest) if i == step else item for i, item in enumerate(value) if rest or i != step]
    return value
