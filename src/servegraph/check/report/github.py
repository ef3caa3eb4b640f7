"""Findings as GitHub's workflow commands, which become notes beside the lines of a pull request.

Source:
    "Workflow commands for GitHub Actions"; the runner undoes percent-escapes of `%`, CR, LF, and in properties
    of `:` and `,`.
"""

from servegraph.check.finding import Finding, Level
from servegraph.check.report.summary import Report

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def github(report: Report) -> str:
    """One command a line."""
    return "".join(f"{_command(finding)}\n" for finding in report.ordered())


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {"file": finding.file, "line": span.line, "col": span.column}
    if span.end_line == span.line and span.end_column > span.column:
        properties |= {"endColumn": span.end_column}
    properties |= {"title": finding.code}
    said = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items())
    message = "\n".join(line for line in (finding.message, finding.note, f"help: {finding.help}") if line)
    return f"::{_COMMANDS[finding.level]} {said}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: dict[int, str]) -> str:
    """Half a surrogate pair, which JSON can hold, can be written nowhere else."""
    return text.encode("utf-8", "backslashreplace").decode().translate(table)
