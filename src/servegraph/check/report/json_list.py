"""Findings for programs: a JSON list."""

import json

from servegraph.check.report.summary import Report


def json_list(report: Report) -> str:
    """A list of `{file, line, column, code, level, path, message, help}`, by place; lines and columns from 1."""
    entries = [
        {
            "file": finding.file,
            "line": finding.span.line,
            "column": finding.span.column,
            "code": finding.code,
            "level": finding.level.value,
            "path": finding.path,
            "message": finding.message,
            "help": finding.help,
        }
        for finding in report.ordered()
    ]
    return f"{json.dumps(entries, indent=2)}\n"
