"""Repair a text where that is mechanical, and keep everything else in it: comments, layout, quotes, order.

A repair counts only if the text that it gives, parsed again, has the intended values and no other change; else it
is left for a person. Repairs that touch the same piece of text wait for the next round.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from servegraph.check.edit import Edit, Remove, edited
from servegraph.check.edit_text import changes, nearest
from servegraph.check.finding import Finding
from servegraph.check.written_entry import Change, Unchangeable
from servegraph.errors import MalformedFile
from servegraph.spec.source import Document, parse_documents

_ROUNDS = 20

Checker = Callable[[str], Sequence[Finding]]
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Repair:
    """A text after its repairs.

    Attributes:
        done: the findings that were repaired, with their places at that time.
    """

    text: str
    done: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A finding with the change of the text that repairs it."""

    finding: Finding
    document: int
    edits: Sequence[Edit]
    changes: Sequence[Change] = field(default=())

    @property
    def key(self) -> _Key:
        return (self.finding.code, self.finding.path, repr(self.finding.edits))

    @property
    def only_removes(self) -> bool:
        return all(isinstance(edit, Remove) for edit in self.edits)


def repair(text: str, file: str, check: Checker) -> Repair:
    """The text with every mechanical repair of what `check` finds in it, round by round."""
    done: list[Finding] = []
    tried: set[_Key] = set()
    for _ in range(_ROUNDS):
        documents = _documents(text, file)
        steps = [step for step in _steps(documents, check(text)) if step.key not in tried]
        if not steps:
            break
        chosen = _apart(steps)
        text, made = _round(text, file, documents, chosen)
        # What stood behind a thing that was removed stands in its place now, and may have to go as well.
        tried |= {step.key for step in chosen if not made} | {step.key for step in made if not step.only_removes}
        done += [step.finding for step in made]
    return Repair(text, done)


def _documents(text: str, file: str) -> list[Document]:
    try:
        return parse_documents(text, file)
    except MalformedFile:
        return []


def _steps(documents: Sequence[Document], findings: Sequence[Finding]) -> list[_Step]:
    """What can be done about the findings, by itself."""
    steps = []
    for finding in findings:
        if finding.edits and (document := _document_of(documents, finding)) is not None:
            edits = [nearest(documents[document], edit) for edit in finding.edits]
            try:
                found = [change for edit in edits for change in changes(documents[document], edit)]
            except Unchangeable:
                continue
            if not any(one.overlaps(other) for one, other in combinations(found, 2)):
                steps.append(_Step(finding, document, edits, found))
    return steps


def _document_of(documents: Sequence[Document], finding: Finding) -> int | None:
    begun = [index for index, each in enumerate(documents) if each.locate(()).start <= finding.span.start]
    return begun[-1] if begun else None


def _apart(steps: Sequence[_Step]) -> list[_Step]:
    """The steps that touch no piece of text that one before them touches."""
    chosen: list[_Step] = []
    taken: list[Change] = []
    for step in steps:
        if not any(ours.meets(theirs) for ours in step.changes for theirs in taken):
            chosen.append(step)
            taken += step.changes
    return chosen


def _round(text: str, file: str, documents: Sequence[Document], steps: Sequence[_Step]) -> tuple[str, Sequence[_Step]]:
    """The text after all steps if that gives what is intended, else after the first one that alone does."""
    for attempt in (steps, *([step] for step in steps)):
        changed = _changed(text, [change for step in attempt for change in step.changes])
        if (
            changed != text
            and _is_json(changed) >= _is_json(text)
            and _is_as_intended(changed, file, documents, attempt)
        ):
            return changed, attempt
    return text, ()


def _changed(text: str, made: Sequence[Change]) -> str:
    for change in reversed(sorted(made, key=lambda each: each.start)):  # of two at one place, the second stays behind
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _is_as_intended(text: str, file: str, before: Sequence[Document], steps: Sequence[_Step]) -> bool:
    intended = []
    for index, document in enumerate(before):
        edits = [edit for step in steps if step.document == index for edit in step.edits]
        intended.append(edited(document.value, edits) if edits else document.value)
    return _same([document.value for document in _documents(text, file)], intended)


def _is_json(text: str) -> bool:
    """Whether a text is strict JSON, which must remain so: YAML would forgive a comma too many."""
    try:
        json.loads(text) if text.lstrip().startswith(("{", "[")) else json.loads("")
    except (ValueError, RecursionError):
        return False
    return True


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; 1, 1.0 and true are three."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other or (one != one and other != other))
