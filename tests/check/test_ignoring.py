"""Comments that keep findings quiet, and those that keep nothing quiet."""

import pytest

from servegraph.check import Finding, Level
from servegraph.check.ignoring import useless, without_ignored
from servegraph.spec.source import Span

KNOWN = ("SG102", "SG304", "SG307", "SG401")


def finding(line: int, code: str = "SG304") -> Finding:
    return Finding("x.yaml", Span(line, 1, line, 2, 0, 1), code, Level.ERROR, "", "", "")


def left(text: str, *findings: Finding) -> list[tuple[int, str]]:
    return [(each.span.line, each.code) for each in without_ignored(findings, text)]


@pytest.mark.parametrize(
    "comment",
    [
        "# servegraph: ignore[SG304]",
        "# servegraph: ignore[SG102, SG304]",
        "#servegraph:ignore[SG102,SG304]",
        "# servegraph: ignore",
        "# servegraph: ignore[SG304]  it is meant",
        "# as agreed # servegraph: ignore[SG304]",
    ],
)
def test_comment_on_the_line_ignores_it(comment: str):
    assert left(f"a: 1\nb: 2  {comment}\nc: 3\n", finding(1), finding(2), finding(3)) == [(1, "SG304"), (3, "SG304")]


def test_comment_of_another_code_ignores_nothing():
    assert left("a: 1  # servegraph: ignore[SG307]\n", finding(1)) == [(1, "SG304")]


def test_comment_alone_speaks_of_the_next_line_with_content():
    text = "a: 1\n  # servegraph: ignore[SG304]\n# more words\n\nb: 2\nc: 3\n"
    assert left(text, *(finding(line) for line in range(1, 7))) == [
        (1, "SG304"), (2, "SG304"), (3, "SG304"), (4, "SG304"), (6, "SG304"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'a: "x # servegraph: ignore[SG304]"\n',
        "a: 'x\n  # servegraph: ignore[SG304]'\n",
        'a: ["1 # servegraph: ignore"]\n',
        "a: x# servegraph: ignore[SG304]\n",
        "a: 1 # Servegraph: ignore[SG304]\n",
        "a: 1 # servegraph: ignored\n",
    ],
)
def test_words_that_are_no_comment_ignore_nothing(text: str):
    assert left(text, finding(1)) == [(1, "SG304")]


def test_words_in_a_block_of_text_ignore_nothing():
    text = "a: |\n  x\n  # servegraph: ignore\nb: 1\n# servegraph: ignore\nc: 2\n"
    assert left(text, finding(4), finding(6)) == [(4, "SG304")]


def test_words_in_json_ignore_nothing():
    text = '{\n\t"a": "\\ud83d\\ude00 # servegraph: ignore",\n\t"b": 1\n}'
    assert left(text, finding(2), finding(3)) == [(2, "SG304"), (3, "SG304")]


def told(text: str, *findings: Finding) -> list[tuple[int, int, str]]:
    said = list(useless(findings, text, "x.yaml", KNOWN))
    assert {each.code for each in said} <= {"SG109"}
    return [(each.span.line, each.span.column, each.message) for each in said]


def test_comment_that_ignores_nothing_is_told():
    text = "a: 1  # servegraph: ignore[SG304, SG307]\nb: 2  # servegraph: ignore\n"
    assert told(text, finding(1)) == [
        (1, 35, "SG307 finds nothing on line 1"),
        (2, 7, "there is nothing to ignore on line 2"),
    ]


def test_code_that_no_rule_has_is_told():
    assert told("a: 1  # servegraph: ignore[SG340]\n", finding(1)) == [(1, 28, "there is no rule 'SG340'")]


def test_code_of_a_rule_on_artifacts_is_never_missed():
    assert told("a: 1  # servegraph: ignore[SG401]\n") == []
