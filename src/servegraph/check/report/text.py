"""Findings for people: what, where, the line that is meant, why, and what to do.

error[SG307]: node 'mean' combines nothing
  --> manifests/ensemble.yaml:12:25
   |
12 |         implementation: AVERAGE_COMBINER
   |                         ^^^^^^^^^^^^^^^^
   = note: ...
   = help: ...
"""

from collections.abc import Iterator, Sequence

from servegraph.check.finding import Finding
from servegraph.check.report.excerpt import excerpt, lines_of
from servegraph.check.report.paint import Paint, printable
from servegraph.check.report.summary import Report, summary


def text(report: Report, *, colour: bool = False, quiet: bool = False) -> str:
    """All findings, an empty line after each, and the summary as the last line unless `quiet`."""
    paint = Paint(colour)
    lines = {finding.file: lines_of(report.texts.get(finding.file, "")) for finding in report.findings}
    blocks = [finding_text(finding, lines[finding.file], paint) for finding in report.ordered()]
    if not quiet:
        blocks.append(f"{summary(report)}\n")
    return "\n".join(blocks)


def finding_text(finding: Finding, source: Sequence[str], paint: Paint) -> str:
    """One finding; `source` are the lines of its file."""
    return "".join(f"{line}\n" for line in _lines(finding, source, paint))


def _lines(finding: Finding, source: Sequence[str], paint: Paint) -> Iterator[str]:
    level, number = finding.level.value, str(finding.span.line)
    gutter, bar = " " * len(number), paint("frame", "|")
    yield paint(level, f"{level}[{finding.code}]") + paint("bold", f": {printable(finding.message)}")
    where = printable(f"{finding.file}:{number}:{finding.span.column}")
    yield f"{gutter}{paint('frame', '-->')} {where}"
    if any(source):
        shown = excerpt(source, finding.span)
        yield f"{gutter} {bar}"
        yield f"{paint('frame', number)} {bar} {shown.line}".rstrip()
        yield f"{gutter} {bar} {' ' * shown.start}{paint(level, '^' * shown.length)}"
    for label, said in (("note", finding.note), ("help", finding.help)):
        if said:
            yield f"{gutter} {paint('frame', '=')} {paint(label, label)}: {printable(said)}"
