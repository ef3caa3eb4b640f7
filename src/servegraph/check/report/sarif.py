"""Findings as SARIF 2.1.0, which code scanning services read.

Source:
    OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0. Columns count
    characters, ends are exclusive.
"""

import json
import os
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from servegraph.check.catalogue import RULES
from servegraph.check.finding import Finding
from servegraph.check.report.summary import Report
from servegraph.check.rule import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report, version: str) -> str:
    """One run with all rules and all findings; `version` is that of this program."""
    driver = {"name": "servegraph", "version": version, "rules": [_rule(rule) for rule in RULES]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in report.ordered()],
    }
    return f"{json.dumps({'$schema': _SCHEMA, 'version': '2.1.0', 'runs': [run]}, indent=2)}\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nMore: servegraph explain {rule.code}"},
        "helpUri": f"urn:servegraph:rule:{rule.code}",
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {"tags": [rule.family.name.lower()]},
    }


_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


def _result(finding: Finding) -> dict[str, Any]:
    span = finding.span
    region = {"startLine": span.line, "startColumn": span.column}
    region |= {"endLine": span.end_line, "endColumn": span.end_column}
    place = {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}
    logical = {"logicalLocations": [{"fullyQualifiedName": finding.path}]} if finding.path else {}
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": finding.level.value,
        "message": {"text": ". ".join(said for said in (finding.message, finding.note, finding.help) if said)},
        "locations": [{"physicalLocation": place, **logical}],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
