"""SG1xx: what the API server refuses, with the place and the repair."""

import pytest

from servegraph.check import check_text

HEAD = "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata: {name: churn}\n"
GRAPH = "graph: {name: m, implementation: SKLEARN_SERVER, modelUri: 's3://b/m'}"


def found(text: str) -> list[tuple[str, int, int, str]]:
    return [
        (finding.code, finding.span.line, finding.span.column, finding.message)
        for finding in check_text(text, "m.yaml")
        if finding.code < "SG3"
    ]


def test_a_sound_manifest_has_no_findings():
    assert found(f"{HEAD}spec:\n  predictors:\n    - name: p\n      {GRAPH}\n") == []


def test_an_object_of_another_kind_is_not_looked_at():
    assert check_text("kind: Deployment\nspec: 5\n", "m.yaml") == []


def test_a_file_that_is_no_yaml_is_one_finding():
    assert found("kind: [a\n") == [("SG100", 2, 1, "did not find expected ',' or ']'")]


def test_a_missing_field_is_shown_at_the_object_that_lacks_it():
    assert found(f"{HEAD}spec:\n  predictors:\n    - {GRAPH}\n") == [("SG101", 6, 7, "`name` is required")]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("annotations: {a: 5}", ("SG102", 5, 20, "`a` must be a string, not the integer 5")),
        ("replicas: '1'", ("SG102", 5, 13, "`replicas` must be an integer, not the string '1'")),
        ("replicas: 1.5", ("SG102", 5, 13, "`replicas` must be an integer, not the number 1.5")),
        ("annotation: {}", ("SG104", 5, 3, "`annotation` is no field of this object")),
        ("name: a\n  name: b", ("SG105", 6, 3, "`name` stands twice in one mapping")),
    ],
)
def test_a_wrong_field_is_found_in_its_line(line: str, finding: tuple[str, int, int, str]):
    assert found(f"{HEAD}spec:\n  {line}\n  predictors: [{{name: p, {GRAPH}}}]\n") == [finding]


def test_a_wrong_type_does_not_hide_what_else_is_wrong():
    text = f"{HEAD}spec:\n  replicas: many\n  protocol: http\n  predictors: [{{name: p, {GRAPH}}}]\n"
    assert [(code, message) for code, _, _, message in found(text)] == [
        ("SG102", "`replicas` must be an integer, not the string 'many'"),
        ("SG201", "protocol is 'http'"),
    ]


def test_what_follows_from_a_wrong_value_is_not_told():
    predictors = "".join(
        f"    - {{name: {name}, traffic: {share}, {GRAPH}}}\n" for name, share in (("a", 66.5), ("b", 33.5))
    )
    assert [code for code, *_ in found(f"{HEAD}spec:\n  predictors:\n{predictors}")] == ["SG102", "SG102"]


def test_a_null_is_as_good_as_absent():
    text = f"{HEAD}spec:\n  replicas:\n  predictors:\n    - name: p\n      componentSpecs:\n      {GRAPH}\n"
    assert found(text) == []


def test_every_object_of_a_file_is_checked():
    sound = f"{HEAD}spec:\n  predictors: [{{name: p, {GRAPH}}}]\n"
    text = f"{sound}---\n{sound.replace('name: churn', 'name: Churn')}"
    assert [(code, line) for code, line, *_ in found(text)] == [("SG107", 9)]


def test_a_merged_key_may_be_written_again():
    text = (
        f"{HEAD}spec:\n  predictors:\n    - &a {{name: a, traffic: 60, {GRAPH}}}\n"
        "    - <<: *a\n      name: b\n      traffic: 40\n"
    )
    assert found(text) == []


def test_a_generated_name_is_a_name():
    text = f"{HEAD}spec:\n  protocol: http\n  predictors: [{{name: p, {GRAPH}}}]\n".replace(
        "name: churn", "generateName: churn-"
    )
    assert [code for code, *_ in found(text)] == ["SG201"]


def test_a_neighbouring_field_is_no_repair_if_the_value_does_not_fit_it():
    text = f"{HEAD}spec:\n  predictors:\n    - name: p\n      componentSpec: {{}}\n      {GRAPH}\n"
    (finding,) = [each for each in check_text(text, "m.yaml") if each.code == "SG104"]
    assert (finding.help, finding.edits) == ("did you mean `componentSpecs`?", [])


def test_a_field_of_newer_kubernetes_is_told_as_such():
    pod = "componentSpecs: [{spec: {hostUsers: false, containers: []}}]"
    text = f"{HEAD}spec:\n  predictors:\n    - name: p\n      {pod}\n      {GRAPH}\n"
    assert [message for code, *_, message in found(text) if code == "SG104"] == [
        "`hostUsers` is a field of newer Kubernetes, which this resource does not know"
    ]


def test_a_kind_that_seldon_does_not_have_is_told():
    text = f"{HEAD}spec:\n  predictors: [{{name: p, {GRAPH}}}]\n".replace(
        "kind: SeldonDeployment", "kind: SeldonDeploymnet"
    )
    assert found(text) == [("SG106", 2, 7, "machinelearning.seldon.io has no kind 'SeldonDeploymnet'")]


def test_a_comment_is_not_called_useless_where_something_hides_findings():
    ignored = "name: p, traffic: 250 }  # servegraph: ignore[SG340]"
    text = f"{HEAD}spec:\n  replicas: x\n  predictors:\n    - {{{GRAPH}, {ignored}\n"
    assert [code for code, *_ in found(text)] == ["SG102"]


def test_a_number_in_place_of_a_word_is_not_quoted():
    pod = "componentSpecs: [{spec: {containers: [{name: m, imagePullPolicy: 22}]}}]"
    text = f"{HEAD}spec:\n  predictors:\n    - name: p\n      {pod}\n      {GRAPH}\n"
    (finding,) = [each for each in check_text(text, "m.yaml") if each.code == "SG102"]
    assert finding.edits == []
