"""Check a graph that is written in Python: its manifest is checked, and a node is shown where it is named."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import accumulate, chain
from token import FSTRING_MIDDLE, STRING
from tokenize import generate_tokens

from servegraph.check import Finding, Level, check_text
from servegraph.check.catalogue import BY_CODE
from servegraph.check.ignoring import without_ignored
from servegraph.check.schema import COMPOSED
from servegraph.cli.check_sources import Source
from servegraph.errors import Problem
from servegraph.project import Project
from servegraph.spec import dump
from servegraph.spec.source import Document, Place, Span, parse_documents

# Where artifacts are fetched from and what containers may use is said by the environment that a graph is rendered for.
_RENDERED_LATER = frozenset(("SG335", "SG370"))
_STRINGS = (STRING, FSTRING_MIDDLE)


def check_graph(source: Source, servers: frozenset[str]) -> list[Finding]:
    """What is wrong with the deployment that a graph file makes."""
    assert source.deployment is not None
    manifest = dump(source.deployment)
    findings = [each for each in check_text(manifest, source.name, servers) if each.code not in _RENDERED_LATER]
    document = parse_documents(manifest, source.name)[0]
    spans = _strings(source.text)
    placed = [_in_graph(finding, document, spans) for finding in findings]
    return list(without_ignored(placed, source.text, _literals))


def refused(source: Source) -> list[Finding]:
    """Why a graph file makes no deployment: its problems are rules, named by their codes."""
    assert source.refused is not None
    return [_of_problem(problem, source) for problem in source.refused.problems]


def _of_problem(problem: Problem, source: Source) -> Finding:
    (node,) = re.findall(r"^node '(.*)'$", problem.where) or [None]
    spans = _strings(source.text, node)
    names = [name for name in (*re.findall(r"'([^']*)'", problem.what), node) if name in spans]
    rule = BY_CODE.get(problem.where, COMPOSED)
    message = problem.what if rule.code == problem.where else f"{problem.where}: {problem.what}"
    span = spans[names[0]] if names else Span(1, 1, 1, 1, 0, 0)
    return Finding(source.name, span, rule.code, Level.ERROR, "", message, problem.fix, blocks_run=True)


def fit_graph(project: Project, source: Source) -> list[Finding]:
    """What does not fit in a graph: its manifest's findings, each where its node is named."""
    from servegraph.cli.fitting import fit_findings

    assert source.deployment is not None
    assert source.path is not None
    manifest = dump(source.deployment)
    document = parse_documents(manifest, source.name)[0]
    spans = _strings(source.text)
    found = fit_findings(project, manifest, source.path)
    return [replace(_in_graph(finding, document, spans), file=source.name) for finding in found]


def _literals(text: str) -> list[tuple[int, int]]:
    """Where the strings of a Python text are."""
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    tokens = [token for token in generate_tokens(StringIO(text).readline) if token.type in _STRINGS]
    return [(starts[each.start[0] - 1] + each.start[1], starts[each.end[0] - 1] + each.end[1]) for each in tokens]


def _in_graph(finding: Finding, document: Document, spans: dict[str, Span]) -> Finding:
    """The finding at the name of its node; else at that of the deployment."""
    name = _node_around(finding.span, document)
    where = spans.get(name) or spans.get(str(document.value["metadata"]["name"])) or Span(1, 1, 1, 1, 0, 0)
    note = finding.note if not name or f"{name!r}" in finding.message else f"node {name!r}. {finding.note}".strip()
    return replace(finding, span=where, note=note, edits=())


def _node_around(span: Span, document: Document) -> str:
    """The name of the innermost node or container around a place; nothing if there is none."""
    around = [
        (place, name)
        for place, name in _named(document.value, ())
        if document.locate(place).start <= span.start < document.locate(place).end
    ]
    return max(around, key=lambda each: len(each[0]))[1] if around else ""


def _named(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    """The nodes and containers below a value."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named(item, (*place, index))
    elif isinstance(value, dict):
        if place[-1:] == ("graph",) or place[-2:-1] in (("children",), ("containers",)):
            yield place, str(value.get("name"))
        for key, item in value.items():
            yield from _named(item, (*place, key))


def _strings(text: str, node: str | None = None) -> dict[str, Span]:
    """Where each string of a Python text stands first: in the call that makes a node, if it is there, or anywhere."""
    lines = text.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    found: dict[str, Span] = {}
    tree = ast.parse(text)
    for each in chain(*map(ast.walk, (*_calls(tree, node), tree))):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.end_lineno == each.lineno:
            octets = lines[each.lineno - 1].encode()
            first, last = len(octets[: each.col_offset].decode()), len(octets[: each.end_col_offset].decode())
            start = starts[each.lineno - 1]
            span = Span(each.lineno, first + 1, each.lineno, last + 1, start + first, start + last)
            found.setdefault(each.value, span)
    return found


def _calls(tree: ast.Module, name: str | None) -> Iterator[ast.Call]:
    """The calls that are given a name, except that which names the deployment."""
    for call in ast.walk(tree):
        if name is not None and isinstance(call, ast.Call) and not ast.unparse(call.func).endswith("deployment"):
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(isinstance(value, ast.Constant) and value.value == name for value in values):
                yield call
