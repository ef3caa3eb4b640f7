"""SG40x: signatures along the edges of a graph."""

from collections.abc import Mapping

import pytest

from servegraph.check import Subject
from servegraph.check.fit import Column, Ports, signatures_fit
from servegraph.spec import parse
from servegraph.spec.source import parse_documents

CUSTOM = """
kind: SeldonDeployment
metadata: {name: churn}
spec:
  predictors:
    - name: p
      graph: {name: scale, type: TRANSFORMER, children: [{name: model, type: MODEL}]}
      componentSpecs: [{spec: {containers: [{name: scale, image: s:1}, {name: model, image: m:1}]}}]
"""
SERVER = CUSTOM.replace("{name: model, type: MODEL}", "{name: model, implementation: MLFLOW_SERVER, modelUri: 'm'}")


def columns(*specs: tuple[str | None, str]) -> list[Column]:
    return [Column(name, dtype) for name, dtype in specs]


def fits(text: str, ports: Mapping[str, Ports]) -> list[tuple[str, str]]:
    (document,) = parse_documents(text, "m.yaml")
    subject = Subject(document, parse(document.value, "m.yaml"))
    return [(rule.code, found.message) for rule, found in signatures_fit(subject.predictors[0], ports)]


def scale_to_model(given: list[Column], wanted: list[Column], text: str = CUSTOM) -> list[tuple[str, str]]:
    return fits(text, {"scale": Ports(outputs=given), "model": Ports(inputs=wanted)})


TWO = columns(("a", "double"), ("b", "double"))


def test_equal_columns_fit():
    assert scale_to_model(TWO, TWO) == []


def test_an_unknown_side_is_not_judged():
    assert fits(CUSTOM, {"scale": Ports(), "model": Ports(inputs=TWO)}) == []
    assert fits(CUSTOM, {}) == []


def test_another_number_of_columns_is_an_error():
    assert scale_to_model(columns(("a", "double")), TWO) == [
        ("SG401", "'scale' answers with 1 column, 'model' takes 2 columns")
    ]


def test_a_tensor_of_another_width_is_an_error():
    assert fits(CUSTOM, {"scale": Ports(outputs=TWO), "model": Ports(width=30)}) == [
        ("SG401", "'scale' answers with 2 columns, 'model' takes 30 columns")
    ]


def test_an_optional_column_may_be_left_out():
    wanted = [*TWO, Column("c", "double", required=False)]
    assert scale_to_model(TWO, wanted, SERVER)[:0] == []
    assert [code for code, _ in scale_to_model(TWO, wanted)] == ["SG402"]


def test_other_names_are_a_warning():
    assert scale_to_model(columns(("a", "double"), ("x", "double")), TWO) == [
        ("SG402", "'scale' answers with columns that 'model' does not know: x")
    ]


def test_another_order_is_an_error_where_columns_go_by_position():
    swapped = columns(("b", "double"), ("a", "double"))
    assert scale_to_model(swapped, TWO) == [
        ("SG403", "column 1 is 'b' where 'scale' answers with it and 'a' where 'model' takes it")
    ]
    assert "SG403" not in [code for code, _ in scale_to_model(swapped, TWO, SERVER)]


@pytest.mark.parametrize(
    ("given", "wanted", "codes"),
    [
        ("long", "double", []),
        ("integer", "long", []),
        ("float", "double", []),
        ("double", "float", []),
        ("double", "long", ["SG404"]),
        ("string", "double", ["SG404"]),
        ("double", "string", ["SG404"]),
        ("boolean", "long", []),
        ("datetime", "datetime", []),
    ],
)
def test_types_widen_and_never_narrow(given: str, wanted: str, codes: list[str]):
    assert [code for code, _ in scale_to_model(columns(("a", given)), columns(("a", wanted)))] == codes


def test_columns_without_names_are_compared_by_position():
    assert scale_to_model(columns((None, "string")), columns((None, "double"))) == [
        ("SG404", "column 1: 'scale' answers with string, 'model' takes double")
    ]


def test_a_router_hands_on_what_it_got():
    text = CUSTOM.replace(
        "{name: model, type: MODEL}",
        "{name: ab, implementation: RANDOM_ABTEST, children: [{name: model, type: MODEL}, {name: other, type: MODEL}]}",
    )
    ports = {"scale": Ports(outputs=TWO), "model": Ports(inputs=TWO), "other": Ports(width=3)}
    assert fits(text, ports) == [("SG401", "'scale' answers with 2 columns, 'other' takes 3 columns")]


def test_an_output_transformer_gets_what_the_model_below_it_answers():
    text = CUSTOM.replace("scale, type: TRANSFORMER", "scale, type: OUTPUT_TRANSFORMER")
    ports = {"scale": Ports(width=1), "model": Ports(inputs=columns(("a", "string")), outputs=TWO)}
    assert fits(text, ports) == [("SG401", "'model' answers with 2 columns, 'scale' takes 1 column")]


def test_a_combiner_is_not_compared_with_one_of_its_children():
    text = CUSTOM.replace("scale, type: TRANSFORMER", "scale, type: COMBINER")
    assert fits(text, {"scale": Ports(width=5), "model": Ports(outputs=TWO)}) == []


def test_named_columns_behind_mlflow_server_need_a_data_frame():
    ports = {"model": Ports(inputs=columns(("a", "string")))}
    assert fits(SERVER, ports) == [("SG407", "node 'model': the model wants the columns a by name")]
    frame = SERVER.replace(
        "modelUri: 'm'", "modelUri: 'm', parameters: [{name: xtype, value: DataFrame, type: STRING}]"
    )
    assert fits(frame, ports) == []


def test_doubles_at_the_front_of_mlflow_server_are_told():
    text = SERVER.replace("{name: scale, type: TRANSFORMER, children: [", "").replace("'m'}]}", "'m'}")
    assert fits(text, {"model": Ports(inputs=columns((None, "double")))}) == [
        ("SG406", "node 'model': column 1 must be double, and 5 is none for MLflow")
    ]


def test_mlserver_goes_by_the_signature_whatever_the_parameters():
    (document,) = parse_documents(SERVER, "m.yaml")
    subject = Subject(document, parse(document.value, "m.yaml"))
    ports = {"model": Ports(inputs=columns(("a", "string")))}
    assert list(signatures_fit(subject.predictors[0], ports, "v2")) == []
