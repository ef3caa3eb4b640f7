"""Findings that a comment asks not to be told: `# servegraph: ignore[SG304]` on the line, or alone on the line above.

Without codes (`# servegraph: ignore`) it means all findings of the line. A `#` inside of a value is no comment.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from inspect import cleandoc

import yaml

from servegraph.check.choosing import near_codes
from servegraph.check.finding import Finding, Level
from servegraph.check.rule import Rule
from servegraph.spec.source import Span

_MARK = "servegraph:"
_COMMENT = re.compile(r"(?:(?<=\s)|\A)#[ \t]*servegraph:[ \t]*ignore\b(?:[ \t]*\[(?P<codes>[^\]\r\n]*)\])?")
_NOT_WHAT_FOLLOWS = re.compile(r"[ \t]*(#.*)?")

USELESS = Rule(
    "SG109",
    Level.WARNING,
    "A comment that ignores nothing",
    cleandoc(
        """The comment asks not to be told of something that is not there: the finding is gone, the comment stands on
        another line than the finding, or the code is misspelt. Left where it is, it would hide the next finding of that
        line from whoever makes it."""
    ),
    cluster_only=True,
)
RULES = (USELESS,)


@dataclass(frozen=True, slots=True)
class Ignore:
    """What one comment says of one line; without codes it speaks of all.

    Attributes:
        codes: with the place of each in the text.
    """

    line: int
    span: Span
    codes: Sequence[tuple[str, Span]]

    def covers(self, finding: Finding) -> bool:
        return finding.span.line == self.line and (not self.codes or finding.code in self.names)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(code for code, _ in self.codes)


Pieces = Sequence[tuple[int, int]]


def yaml_literals(text: str) -> Pieces:
    """Where the quoted and the block scalars of a manifest are, in which `#` is a letter like others."""
    try:
        tokens = list(yaml.scan(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return [(0, len(text))]  # JSON in a form that YAML does not know; it has no comments
    scalars = [token for token in tokens if isinstance(token, yaml.ScalarToken) and not token.plain]
    return [(token.start_mark.index, token.end_mark.index) for token in scalars]


def without_ignored(
    findings: Iterable[Finding], text: str, literals: Callable[[str], Pieces] = yaml_literals
) -> Iterator[Finding]:
    """The findings that no comment in the text ignores; `literals` finds the text in it that is no comment."""
    ignores = list(_ignores(text, literals))
    return (each for each in findings if not any(ignore.covers(each) for ignore in ignores))


def useless(findings: Sequence[Finding], text: str, file: str, known: Collection[str]) -> Iterator[Finding]:
    """A finding for each code in a comment that ignores none of the findings, or that is no code at all.

    Codes of rules that look at artifacts (SG4xx) are not missed: whether they find anything is not known here.
    """
    for ignore in _ignores(text):
        if not ignore.codes and not any(ignore.covers(finding) for finding in findings):
            yield _finding(file, ignore.span, f"there is nothing to ignore on line {ignore.line}", "remove the comment")
        found = {finding.code for finding in findings if ignore.covers(finding)}
        for code, span in ignore.codes:
            if code not in known:
                near = near_codes(code, known) or ["a code that `servegraph explain` lists"]
                yield _finding(file, span, f"there is no rule {code!r}", f"write {near[0]}, or remove it")
            elif code not in found and not code.startswith("SG4"):
                what = f"{code} finds nothing on line {ignore.line}"
                yield _finding(file, span, what, "remove it, or move the comment to the line of the finding")


def _finding(file: str, span: Span, message: str, help_: str) -> Finding:
    return Finding(file, span, USELESS.code, USELESS.level, "", message, help_)


def _ignores(text: str, literals: Callable[[str], Pieces] = yaml_literals) -> Iterator[Ignore]:
    """All comments of a text that ignore something."""
    comments = list(_COMMENT.finditer(text)) if _MARK in text else []
    if not comments:
        return
    pieces = literals(text)
    lines = _Lines(text)
    for comment in comments:
        if not any(start <= comment.start() < end for start, end in pieces):
            yield _ignore(comment, lines)


def _ignore(comment: re.Match[str], lines: "_Lines") -> Ignore:
    number = lines.number(comment.start())
    alone = not lines.text(number)[: comment.start() - lines.starts[number - 1]].strip()
    codes = [
        (code[0], lines.span(comment.start("codes") + code.start(), comment.start("codes") + code.end()))
        for code in re.finditer(r"[^\s,]+", comment["codes"] or "")
    ]
    span = lines.span(comment.start(), comment.end())
    return Ignore(lines.next_content(number) if alone else number, span, codes)


class _Lines:
    """The lines of a text, counted from 1 as YAML counts them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.starts = [0, *(found.end() for found in re.finditer("\r\n|[\r\n\x85\u2028\u2029]", text)), len(text) + 1]

    def number(self, offset: int) -> int:
        return bisect_right(self.starts, offset)

    def text(self, number: int) -> str:
        return self._text[self.starts[number - 1] : self.starts[number]]

    def next_content(self, number: int) -> int:
        """The next line with more than a comment; the line after the text if there is none."""
        following = range(number + 1, len(self.starts))
        return next((n for n in following if not _NOT_WHAT_FOLLOWS.fullmatch(self.text(n).rstrip())), len(self.starts))

    def span(self, start: int, end: int) -> Span:
        line = self.number(start)
        first = self.starts[line - 1] - 1
        return Span(line, start - first, line, end - first, start, end)
