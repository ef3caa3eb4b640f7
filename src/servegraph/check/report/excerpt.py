"""The line of a text that a finding is about, with a mark below: cut where it is long, aligned whatever is in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from servegraph.check.report.paint import printable, width
from servegraph.spec.source import Span

WIDEST = 120
_CUT = "..."
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as it is shown, with the columns (from 0) that are marked."""

    line: str
    start: int
    length: int


def lines_of(text: str) -> list[str]:
    """The lines of a text as YAML counts them."""
    return _BREAK.split(text)


def excerpt(lines: Sequence[str], span: Span) -> Excerpt:
    """The first line of a span; of a long line, the piece around the span."""
    line = lines[span.line - 1].rstrip() if span.line <= len(lines) else ""
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    before, marked, after = line[:start], line[start:end], line[max(start, end) :]
    before, marked, after = _cut(printable(before), printable(marked), printable(after))
    return Excerpt(f"{before}{marked}{after}", width(before), max(1, width(marked)))


def _cut(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """At most WIDEST letters, of which the first marked ones are always shown."""
    if len(before) + len(marked) + len(after) <= WIDEST:
        return before, marked, after
    if len(marked) > WIDEST // 2:
        marked, after = marked[: WIDEST // 2] + _CUT, ""
    room = WIDEST - len(marked)
    if len(before) > room * 2 // 3:
        before = _CUT + before[len(before) - room * 2 // 3 :]
    if len(after) > room - len(before):
        after = after[: max(0, room - len(before))] + _CUT
    return before, marked, after
