"""The findings as text, JSON, GitHub's commands and SARIF, character by character."""

import json
from typing import Any

import jsonschema
import pytest

from servegraph.check import Finding, Level, check_text
from servegraph.check.report import Report, github, json_list, sarif, summary, text
from servegraph.spec.source import Span

MANIFEST = """\
kind: SeldonDeployment
metadata:
\tname: "模型 mean"  # wide
spec:
  graph:
    name: ab
    children: []
"""


def at(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span(line, column, end_line, end_column, 0, 0)


def finding(span: Span, file: str = "a.yaml", code: str = "SG102", level: Level = Level.ERROR, **more: Any) -> Finding:
    said = {"path": "spec.graph", "message": "node 'ab' is wrong", "help": "make it right", **more}
    return Finding(file, span, code, level, **said)


def shown(found: Finding, source: str = MANIFEST) -> str:
    return text(Report({found.file: source}, [found]), quiet=True)


def test_text_shows_the_line_and_a_mark_below_the_span():
    assert shown(finding(at(6, 11, 6, 13), note="it is")) == (
        "error[SG102]: node 'ab' is wrong\n"
        " --> a.yaml:6:11\n"
        "  |\n"
        "6 |     name: ab\n"
        "  |           ^^\n"
        "  = note: it is\n"
        "  = help: make it right\n"
    )


def test_text_aligns_tabs_and_wide_characters():
    lines = shown(finding(at(3, 12, 3, 16))).splitlines()
    assert lines[3] == '3 |     name: "模型 mean"  # wide'
    assert lines[4] == "  | " + " " * 16 + "^^^^"  # four columns of the tab, two of each wide character
    assert shown(finding(at(3, 9, 3, 11))).splitlines()[4] == "  | " + " " * 11 + "^^^^"


def test_text_of_several_lines_shows_the_first():
    lines = shown(finding(at(6, 5, 7, 17))).splitlines()
    assert lines[3:5] == ["6 |     name: ab", "  |     ^^^^^^^^"]
    assert len(lines) == 6


def test_text_of_an_empty_span_and_one_behind_the_text_has_one_mark():
    assert shown(finding(at(6, 13, 6, 13))).splitlines()[4] == "  |             ^"
    assert shown(finding(at(99, 1, 99, 1))).splitlines()[3:5] == ["99 |", "   | ^"]


@pytest.mark.parametrize("start", [0, 40, 400, 960])
def test_text_cuts_a_long_line_around_the_span(start: int):
    line = "".join(f"{number:>5}" for number in range(200))
    shown_line, mark = shown(finding(at(1, start + 1, 1, start + 6)), line).splitlines()[3:5]
    assert len(shown_line) <= 130
    first = mark.index("^")
    assert shown_line[first : first + 5] == line[start : start + 5]


def test_text_of_a_span_longer_than_the_screen_is_cut():
    shown_line, mark = shown(finding(at(1, 3, 1, 5000)), "x" * 6000).splitlines()[3:5]
    assert shown_line == "1 | " + "x" * 62 + "..."
    assert mark == "  |   " + "^" * 63


def test_text_lets_no_control_character_reach_the_terminal():
    said = shown(finding(at(1, 4, 1, 5), message="node '\x1b[2J\u202e' is wrong"), "a: \x1b[31m\u202eb")
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert r"node '\x1b[2J\u202e' is wrong" in said
    assert said.splitlines()[3:5] == [r"1 | a: \x1b[31m\u202eb", "  |    ^^^^"]


def test_text_is_coloured_where_that_is_asked_for():
    said = text(Report({"a.yaml": MANIFEST}, [finding(at(6, 11, 6, 13))]), colour=True)
    assert said.startswith("\x1b[1;31merror[SG102]\x1b[0m\x1b[1m: node 'ab' is wrong\x1b[0m\n")


@pytest.mark.parametrize(
    ("files", "levels", "fixed", "line"),
    [
        (2, [], 0, "2 files, no findings"),
        (1, [], 0, "1 file, no findings"),
        (1, [], 2, "2 fixed, 1 file, no findings"),
        (2, [Level.ERROR] * 3 + [Level.WARNING] * 2, 0, "3 errors, 2 warnings in 2 files (0.2 s)"),
        (1, [Level.NOTE, Level.ERROR], 1, "1 fixed, 1 error, 1 note in 1 file (0.2 s)"),
    ],
)
def test_summary_counts(files: int, levels: list[Level], fixed: int, line: str):
    findings = [finding(at(1, 1, 1, 2), level=level) for level in levels]
    assert summary(Report({str(number): "" for number in range(files)}, findings, 0.24, fixed)) == line


def report() -> Report:
    return Report(
        {"b.yaml": MANIFEST, "a.yaml": MANIFEST},
        [
            finding(at(6, 1, 6, 2)),
            finding(at(7, 1, 7, 2), "b.yaml", level=Level.WARNING),
            finding(at(2, 1, 6, 2), level=Level.NOTE, path="", message="50 %:\r\n::error::x", note="so", code="SG104"),
        ],
    )


def test_json_is_a_list_by_file_and_line():
    assert json.loads(json_list(report())) == [
        {
            "file": "b.yaml", "line": 7, "column": 1, "code": "SG102", "level": "warning", "path": "spec.graph",
            "message": "node 'ab' is wrong", "help": "make it right",
        },
        {
            "file": "a.yaml", "line": 2, "column": 1, "code": "SG104", "level": "note", "path": "",
            "message": "50 %:\r\n::error::x", "help": "make it right",
        },
        {
            "file": "a.yaml", "line": 6, "column": 1, "code": "SG102", "level": "error", "path": "spec.graph",
            "message": "node 'ab' is wrong", "help": "make it right",
        },
    ]  # fmt: skip


def test_json_of_nothing_is_an_empty_list():
    assert json.loads(json_list(Report({}))) == []


def test_github_commands_are_one_line_each_and_escaped():
    assert github(report()).splitlines() == [
        "::warning file=b.yaml,line=7,col=1,endColumn=2,title=SG102::node 'ab' is wrong%0Ahelp: make it right",
        "::notice file=a.yaml,line=2,col=1,title=SG104::50 %25:%0D%0A::error::x%0Aso%0Ahelp: make it right",
        "::error file=a.yaml,line=6,col=1,endColumn=2,title=SG102::node 'ab' is wrong%0Ahelp: make it right",
    ]
    odd = finding(at(1, 1, 1, 2), "a,b:c%.yaml", message="x", help="y")
    assert github(Report({}, [odd])) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,endColumn=2,title=SG102::x%0Ahelp: y\n"
    )


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
POSITIVE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REGION_KEYS = ("startLine", "startColumn", "endLine", "endColumn")
SARIF: dict[str, Any] = {
    # What the specification says of the properties that are used here.
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                                "helpUri": {"type": "string", "format": "uri", "pattern": "^[a-z]+:"},
                                                "defaultConfiguration": {"properties": {"level": LEVEL}},
                                                "properties": {
                                                    "properties": {"tags": {"type": "array", "uniqueItems": True}}
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": LEVEL,
                                "message": TEXT,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {"uri": {"type": "string", "pattern": "^[^ ]+$"}}
                                                    },
                                                    "region": {
                                                        "additionalProperties": False,
                                                        "properties": dict.fromkeys(REGION_KEYS, POSITIVE),
                                                    },
                                                },
                                            },
                                            "logicalLocations": {
                                                "type": "array",
                                                "items": {
                                                    "properties": {"fullyQualifiedName": {"type": "string"}},
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_sarif_is_as_its_specification_says():
    document = json.loads(sarif(report(), "1.2.3"))
    jsonschema.validate(document, SARIF)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [result["ruleId"] for result in run["results"]] == ["SG102", "SG104", "SG102"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert run["results"][2]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.yaml"},
        "region": {"startLine": 6, "startColumn": 1, "endLine": 6, "endColumn": 2},
    }


def test_sarif_names_files_by_uri():
    found = [finding(at(1, 1, 1, 2), file) for file in ("/a b/ü.yaml", "a b/c#.yaml")]
    results = json.loads(sarif(Report({}, found), "1"))["runs"][0]["results"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert uris == ["file:///a%20b/%C3%BC.yaml", "a%20b/c%23.yaml"]


def test_half_a_character_can_be_written_in_every_form():
    odd = Report(
        {"\udcff.yaml": "a: \ud800"}, [finding(at(1, 4, 1, 5), "\udcff.yaml", message="'\ud800'", path="\ud800")]
    )
    for said in (text(odd), json_list(odd), github(odd), sarif(odd, "1")):
        assert said.encode()


def test_place_of_a_file_that_cannot_be_read_is_shown():
    source = "a: 1\nb: [1,\nc: }\n"
    (found,) = check_text(source, "x.yaml")
    lines = text(Report({"x.yaml": source}, [found])).splitlines()
    assert lines[0].startswith("error[SG100]: ")
    assert lines[1:5] == [" --> x.yaml:3:4", "  |", "3 | c: }", "  |    ^"]
    assert lines[-1] == "1 error in 1 file (0.0 s)"
