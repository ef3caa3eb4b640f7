"""`--fix`: the text after each kind of edit, in each style, with comments and layout as they were."""

import pytest

from servegraph.check import Finding, Level, check_text
from servegraph.check.edit import Edit, Insert, Remove, RenameKey, Replace
from servegraph.check.fixing import repair
from servegraph.spec.source import Span, parse_documents

BLOCK = """\
# The churn model.
kind: SeldonDeployment   # as ever
metadata:
  name: 'churn'
  annotations:
    team: risk  # who is asked

    pager: "on"
spec:
  predictors:
    - name: default  # the only one
      graph:
        name: ab
        implementation: RANDOM_ABTEST
        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]
        children:
        - name: a
          # the old one
          modelUri: s3://models/a
        - modelUri: s3://models/b
          name: b
      script: |
        one
        two
"""
FLOW = """\
{
  "kind": "SeldonDeployment",
  "metadata": {"name": "churn", "labels": {}},
  "spec": {
    "predictors": [
      {
        "name": "default",
        "replicas": 1
      }
    ]
  }
}
"""
GRAPH = ("spec", "predictors", 0, "graph")


def fixed(text: str, *edits: Edit) -> str:
    """The text after one finding with these edits."""
    start = parse_documents(text, "x.yaml")[0].locate(()).start
    finding = Finding("x.yaml", Span(1, 1, 1, 1, start, start), "SG999", Level.ERROR, "", "", "", edits=edits)
    return repair(text, "x.yaml", lambda now: [finding] if now == text else []).text


def changed(text: str, *edits: Edit) -> tuple[str, str]:
    """The lines that went and the lines that came."""
    before, after = text.splitlines(), fixed(text, *edits).splitlines()
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return "\n".join(before), "\n".join(after)


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (Replace(("kind",), "Other"), "kind: SeldonDeployment   # as ever", "kind: Other   # as ever"),
        (Replace(("metadata", "name"), "it's"), "  name: 'churn'", "  name: 'it''s'"),
        (Replace(("metadata", "annotations", "pager"), "off"), '    pager: "on"', '    pager: "off"'),
        (
            Replace(("metadata", "annotations", "team"), "no"),
            "    team: risk  # who is asked",
            '    team: "no"  # who is asked',
        ),
        (
            Replace(("metadata", "annotations", "team"), "1.10"),
            "    team: risk  # who is asked",
            '    team: "1.10"  # who is asked',
        ),
        (
            Replace(("metadata", "annotations", "team"), 3),
            "    team: risk  # who is asked",
            "    team: 3  # who is asked",
        ),
        (
            Replace((*GRAPH, "parameters", 0, "value"), "0.7"),
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]',
            '        parameters: [{name: ratioA, value: "0.7", type: FLOAT}]',
        ),
        (
            RenameKey((*GRAPH, "children", 0, "modelUri"), "modelURI"),
            "          modelUri: s3://models/a",
            "          modelURI: s3://models/a",
        ),
        (
            Insert((*GRAPH, "children", 0), "implementation", "SKLEARN_SERVER"),
            "",
            "          implementation: SKLEARN_SERVER",
        ),
        (Insert(GRAPH, "type", "ROUTER"), "", "        type: ROUTER"),
        (
            Insert(("metadata",), "labels", {"a/b": "1", "list": [{"x": 1, "y": []}, "z"], "no": {}}),
            "",
            '  labels:\n    a/b: "1"\n    list:\n      - x: 1\n        "y": []\n      - z\n    "no": {}',
        ),
        (Insert(("spec", "annotations"), "seldon.io/x", "true"), "", '  annotations:\n    seldon.io/x: "true"'),
        (
            Insert((*GRAPH, "parameters", 0), "more", ["a"]),
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]',
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT, "more": ["a"]}]',
        ),
    ],
)
def test_edit_in_block_style_changes_its_lines_alone(edit: Edit, before: str, after: str):
    assert changed(BLOCK, edit) == (before, after)


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        (("metadata", "annotations", "team"), "    team: risk  # who is asked\n", ""),
        ((*GRAPH, "children", 0), "        - name: a\n          # the old one\n          modelUri: s3://models/a", ""),
        (
            (*GRAPH, "children", 1, "modelUri"),
            "        - modelUri: s3://models/b\n          name: b",
            "        - name: b",
        ),
        ((*GRAPH, "children", 0, "modelUri"), "          modelUri: s3://models/a", ""),
        (
            (*GRAPH, "parameters", 0, "type"),
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]',
            '        parameters: [{name: ratioA, value: "0.5"}]',
        ),
        (
            (*GRAPH, "parameters", 0, "name"),
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]',
            '        parameters: [{value: "0.5", type: FLOAT}]',
        ),
        (
            (*GRAPH, "parameters", 0),
            '        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]',
            "        parameters: []",
        ),
        (("spec", "predictors", 0, "script"), "      script: |\n        one\n        two", ""),
    ],
)
def test_removed_entry_takes_its_lines_along(place: tuple[str | int, ...], before: str, after: str):
    gone, came = changed(BLOCK, Remove(place))
    assert (gone.rstrip("\n"), came) == (before.rstrip("\n"), after)


def test_removed_only_entry_leaves_an_empty_collection():
    text = "kind: SeldonDeployment\nspec:\n  annotations:\n    a: b\n  list:\n  - x\n"
    assert fixed(text, Remove(("spec", "annotations", "a"))).endswith("\nspec:\n  annotations: {}\n  list:\n  - x\n")
    assert fixed(text, Remove(("spec", "list", 0))).endswith("    a: b\n  list: []\n")


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (Replace(("spec", "predictors", 0, "replicas"), 2), '        "replicas": 1', '        "replicas": 2'),
        (
            Insert(("spec", "predictors", 0), "graph", {"name": "a", "children": []}),
            '        "replicas": 1',
            '        "replicas": 1,\n        "graph": {\n          "name": "a",\n          "children": []\n        }',
        ),
        (
            Insert(("metadata", "labels"), "a", "b"),
            '  "metadata": {"name": "churn", "labels": {}},',
            '  "metadata": {"name": "churn", "labels": {"a": "b"}},',
        ),
        (
            Insert(("metadata",), "namespace", "ml"),
            '  "metadata": {"name": "churn", "labels": {}},',
            '  "metadata": {"name": "churn", "labels": {}, "namespace": "ml"},',
        ),
        (
            Remove(("spec", "predictors", 0, "replicas")),
            '        "name": "default",\n        "replicas": 1',
            '        "name": "default"',
        ),
        (Remove(("spec", "predictors", 0, "name")), '        "name": "default",', ""),
    ],
)
def test_edit_in_json_stays_json(edit: Edit, before: str, after: str):
    gone, came = changed(FLOW, edit)
    assert (gone, came.strip("\n")) == (before, after)


def test_tabs_of_json_are_kept():
    text = '{\n\t"kind": "SeldonDeployment",\n\t"spec": {\n\t\t"x": 1\n\t}\n}'
    edit = Insert(("spec",), "y", {"z": [2]})
    assert fixed(text, edit) == text.replace('"x": 1', '"x": 1,\n\t\t"y": {\n\t\t\t"z": [\n\t\t\t\t2\n\t\t\t]\n\t\t}')


def test_windows_line_ends_are_kept():
    text = "kind: SeldonDeployment\r\nspec:\r\n  a: 1\r\n  b: 2\r\n"
    assert fixed(text, Insert(("spec",), "c", 3)) == "kind: SeldonDeployment\r\nspec:\r\n  a: 1\r\n  b: 2\r\n  c: 3\r\n"
    assert fixed(text, Remove(("spec", "a"))) == "kind: SeldonDeployment\r\nspec:\r\n  b: 2\r\n"


def test_last_line_without_a_line_end_gets_an_entry_below():
    assert fixed("kind: SeldonDeployment\na: 1", Insert((), "b", 2)) == "kind: SeldonDeployment\na: 1\nb: 2"


def test_value_that_is_not_written_is_written():
    text = "kind: SeldonDeployment\nspec:\n  traffic:   # how much\n"
    assert fixed(text, Replace(("spec", "traffic"), 100)).endswith("  traffic: 100   # how much\n")
    assert fixed(text, Insert(("spec", "traffic"), "a", 1)).endswith('  traffic: {"a": 1}   # how much\n')


def test_edits_of_one_finding_are_made_together():
    edits = [Insert(("spec",), "c", 1), Insert(("spec",), "d", 2), Remove(("spec", "a"))]
    assert fixed("kind: SeldonDeployment\nspec:\n  a: 1\n  b: 2\n", *edits) == (
        "kind: SeldonDeployment\nspec:\n  b: 2\n  c: 1\n  d: 2\n"
    )


def test_value_behind_an_alias_is_left_alone():
    text = "kind: SeldonDeployment\na: &shared {x: 1}\nb: *shared\nc:\n  <<: *shared\n"
    assert fixed(text, Replace(("b", "x"), 2)) == text
    assert fixed(text, Replace(("c", "x"), 2)) == text
    assert fixed(text, Remove(("b",))) == "kind: SeldonDeployment\na: &shared {x: 1}\nc:\n  <<: *shared\n"
    assert fixed(text, Remove(("a",))) == text


def test_finding_whose_edits_do_not_all_apply_changes_nothing():
    text = "kind: SeldonDeployment\nspec:\n  a: 1\n"
    assert fixed(text, Replace(("spec", "a"), 2), Replace(("spec", "b"), 2)) == text
    assert fixed(text, Replace(("spec", "a"), 2), Remove(("spec", "a"))) == text
    assert fixed(text, Insert(("spec",), "a", 2)) == text


def test_second_document_of_a_file_is_the_one_that_changes():
    text = "kind: Service\nspec:\n  a: 1\n---\nkind: SeldonDeployment\nspec:\n  a: 1\n"
    start = text.index("kind: SeldonDeployment")
    finding = Finding(
        "x", Span(5, 1, 5, 1, start, start), "SG999", Level.ERROR, "", "", "", edits=[Replace(("spec", "a"), 2)]
    )
    assert repair(text, "x", lambda now: [finding] if now == text else []).text == text[:-2] + "2\n"


def test_real_findings_are_repaired_round_by_round():
    text = """\
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata:
  name: churn
  labels: {version: 1}
spec:
  predictors:
  - name: default
    replica: 1  # enough
    graph:
      name: churn
      implementation: SKLEARN_SERVER
      modelURI: gs://models/churn
"""
    repaired = repair(text, "churn.yaml", lambda now: check_text(now, "churn.yaml"))
    assert repaired.text == text.replace("1}", '"1"}').replace("replica:", "replicas:").replace("modelURI", "modelUri")
    assert {finding.code for finding in repaired.done} == {"SG102", "SG104"}
