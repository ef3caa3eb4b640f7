"""What there is to report, and the one line that sums it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from servegraph.check.finding import Finding, Level


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of some files.

    Attributes:
        texts: the text of every file that was checked, by its name, in the order in which they are reported.
        findings: of all of them.
        seconds: how long it took.
        fixed: how many findings were repaired, and are no longer there.
    """

    texts: Mapping[str, str]
    findings: Sequence[Finding] = field(default=())
    seconds: float = 0.0
    fixed: int = 0

    def ordered(self) -> list[Finding]:
        """The findings by file, in the order of the files, then by place."""
        rank = {name: index for index, name in enumerate(self.texts)}
        return sorted(
            self.findings,
            key=lambda each: (rank.get(each.file, len(rank)), each.span.line, each.span.column, each.code),
        )

    def count(self, level: Level) -> int:
        return sum(finding.level is level for finding in self.findings)


def summary(report: Report) -> str:
    """`3 errors, 2 warnings in 2 files (0.2 s)`, or `2 files, no findings`."""
    files = _counted(len(report.texts), "file")
    said = [f"{report.fixed} fixed"] if report.fixed else []
    said += [_counted(count, level.value) for level in Level if (count := report.count(level))]
    if not report.findings:
        return ", ".join((*said, files, "no findings"))
    return f"{', '.join(said)} in {files} ({report.seconds:.1f} s)"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
