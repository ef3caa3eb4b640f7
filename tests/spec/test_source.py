"""Reading manifests as kubectl does, and finding every value again in the text."""

from pathlib import Path

import pytest

from servegraph.errors import ConfigurationError, MalformedFile
from servegraph.spec.source import parse_documents, read_documents

TEXT = """\
kind: SeldonDeployment
metadata: {name: churn, labels: {team: ml}}
spec:
  predictors:
    - name: default
      graph:
        name: a
        children:
          - {name: b}
"""


def value(text: str):
    (document,) = parse_documents(text, "f.yaml")
    return document.value


@pytest.mark.parametrize(
    ("place", "start", "written"),
    [
        (("kind",), (1, 7), "SeldonDeployment"),
        (("metadata", "labels", "team"), (2, 40), "ml"),
        (("spec", "predictors", 0, "name"), (5, 13), "default"),
        (("spec", "predictors", 0, "graph", "children", 0, "name"), (9, 20), "b"),
    ],
)
def test_a_value_is_found_by_its_place(place: tuple[str | int, ...], start: tuple[int, int], written: str):
    (document,) = parse_documents(TEXT, "f.yaml")
    span = document.locate(place)
    assert (span.line, span.column) == start
    assert document.text[span.start : span.end] == written


def test_what_is_missing_is_shown_at_the_key_around_it():
    (document,) = parse_documents(TEXT, "f.yaml")
    span = document.locate(("spec", "predictors", 0, "graph", "modelUri"))
    assert (span.line, span.column, document.text[span.start : span.end]) == (6, 7, "graph")


def test_a_key_has_a_place_of_its_own():
    (document,) = parse_documents(TEXT, "f.yaml")
    span = document.locate_key(("spec", "predictors"))
    assert (span.line, document.text[span.start : span.end]) == (4, "predictors")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: yes", {"a": True}),
        ("a: y", {"a": True}),
        ("a: Off", {"a": False}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: 12:30:45", {"a": "12:30:45"}),
        ("a: 017", {"a": 15}),
        ("a: 0x1F", {"a": 31}),
        ("a: -1_000", {"a": -1000}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: .5", {"a": 0.5}),
        ("a: '5'", {"a": "5"}),
        ("a:", {"a": None}),
        ("1: x\ntrue: y1", {"1": "x", "true": "y1"}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": 1, "c": 3}}),
        ('{"a":\t"\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
    ],
)
def test_scalars_are_read_as_kubectl_reads_them(text: str, expected: object):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, 2, "did not find expected ',' or ']'"),
        ("a: &x [*x]", 1, 4, "a value contains itself"),
        ("a: 1\n\tb: 2", 2, 1, "found a tab character that violates indentation"),
        ("a: !!int abc", 1, 4, "'abc' is no int"),
        ("[" * 300, 1, 1, "it is nested more than 200 levels deep"),
        ("- " * 50_000 + "1", 1, 1, "it is nested more than 200 levels deep"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, line: int, column: int, what: str):
    with pytest.raises(MalformedFile) as caught:
        parse_documents(text, "f.yaml")
    assert (caught.value.line, caught.value.column, caught.value.what) == (line, column, what)


def test_aliases_of_aliases_are_not_expanded_for_ever():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(MalformedFile, match="its aliases expand to more than can be meant"):
        parse_documents("\n".join(lines), "f.yaml")


def test_a_file_may_hold_several_documents_and_lists():
    text = "kind: A\n---\n---\nkind: List\nitems:\n- kind: B\n- {kind: C, m: 1, m: 2}\n"
    documents = parse_documents(text, "f.yaml")
    assert [document.value["kind"] for document in documents] == ["A", "B", "C"]
    assert documents[1].locate(("kind",)).line == 6
    ((place, span),) = documents[2].duplicates
    assert (place, span.line, span.column) == (("m",), 7, 19)


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"kind: A\nname: \xff\n")
    with pytest.raises(MalformedFile) as caught:
        read_documents(path)
    assert str(caught.value) == f"{path} is no YAML: it is no UTF-8 (line 2, column 1)"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        read_documents(tmp_path / "no.yaml")
    assert str(caught.value) == f"cannot read {tmp_path / 'no.yaml'}: No such file or directory"
