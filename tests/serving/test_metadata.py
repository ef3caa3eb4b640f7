"""The metadata of a graph: what goes in and comes out of it, and how the executor prints that."""

from typing import Any

import pytest
from google.protobuf import json_format

from servegraph.payload.wire_json import dump
from servegraph.serving.metadata import graph_metadata, graph_proto, model_proto
from servegraph.spec import PredictorSpec

LEAF_A = {"name": "a", "type": "MODEL"}
LEAF_B = {"name": "b", "type": "MODEL"}


def document(name: str) -> dict[str, Any]:
    return {"inputs": [{"messagetype": f"{name}-in"}], "outputs": [{"messagetype": f"{name}-out"}]}


def edges(graph: dict[str, Any], *without: str) -> tuple[Any, Any]:
    predictor = PredictorSpec.model_validate({"name": "p", "graph": graph})
    models = {unit.name: document(unit.name) for unit in predictor.graph.walk() if unit.name not in without}
    found = graph_metadata(predictor, models)
    return found["graphinputs"][0]["messagetype"], found["graphoutputs"][0]["messagetype"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("MODEL", ("n-in", "a-out")),
        ("TRANSFORMER", ("n-in", "a-out")),
        ("OUTPUT_TRANSFORMER", ("a-in", "n-out")),
        ("COMBINER", ("a-in", "n-out")),
        ("ROUTER", ("a-in", "a-out")),
    ],
)
def test_a_node_with_children_is_joined_with_the_first(kind: str, expected: tuple[str, str]):
    assert edges({"name": "n", "type": kind, "children": [LEAF_A, LEAF_B]}) == expected


def test_a_leaf_has_its_own_edges():
    assert edges(LEAF_A) == ("a-in", "a-out")


def test_a_chain_begins_with_its_first_and_ends_with_its_last_node():
    chain = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "m", "type": "MODEL", "children": [LEAF_A]}]}
    assert edges({"name": "o", "type": "OUTPUT_TRANSFORMER", "children": [chain]}) == ("t-in", "o-out")


def test_a_built_in_node_has_its_first_childs():
    graph = {"name": "n", "implementation": "RANDOM_ABTEST", "children": [LEAF_A, LEAF_B]}
    assert edges(graph, "n") == ("a-in", "a-out")


PREDICTOR = PredictorSpec.model_validate({"name": "p", "graph": {**LEAF_B, "children": [LEAF_A]}})
FULL = {
    "outputs": [],
    "custom": {"k": "v"},
    "inputs": [{"messagetype": "tensor", "schema": {"names": ["x"], "shape": [1]}}],
    "versions": ["1"],
    "platform": "sklearn",
    "name": "full",
    "unknown": 1,
}
EMPTY: dict[str, Any] = {"name": "", "platform": "", "versions": [], "inputs": [], "outputs": [], "custom": {}}


def test_it_is_printed_in_the_executors_order_and_with_its_empties():
    assert dump(graph_metadata(PREDICTOR, {"b": FULL, "a": EMPTY})) == (
        b'{"name":"p","models":{'
        b'"a":{"inputs":[],"outputs":[]},'
        b'"b":{"name":"full","platform":"sklearn","versions":["1"],'
        b'"inputs":[{"messagetype":"tensor","schema":{"names":["x"],"shape":[1]}}],"outputs":[],"custom":{"k":"v"}}},'
        b'"graphinputs":[{"messagetype":"tensor","schema":{"names":["x"],"shape":[1]}}],"graphoutputs":[]}'
    )


def test_edges_that_no_node_knows_are_left_out():
    assert graph_metadata(PREDICTOR, {"b": {"name": "n"}, "a": {}}) == {
        "name": "p",
        "models": {"a": {}, "b": {"name": "n"}},
    }


def test_over_grpc_the_edges_have_other_names():
    proto = graph_proto(graph_metadata(PREDICTOR, {"b": FULL, "a": {**EMPTY, "outputs": [{"messagetype": "strData"}]}}))
    told = json_format.MessageToDict(proto)
    assert told["name"] == "p"
    assert told["inputs"] == [{"messagetype": "tensor", "schema": {"names": ["x"], "shape": [1.0]}}]
    assert told["outputs"] == [{"messagetype": "strData"}]
    assert sorted(told["models"]) == ["a", "b"]


def test_a_nodes_document_is_a_protobuf():
    told = json_format.MessageToDict(model_proto(FULL))
    assert told == {
        "name": "full",
        "versions": ["1"],
        "platform": "sklearn",
        "inputs": [{"messagetype": "tensor", "schema": {"names": ["x"], "shape": [1.0]}}],
        "custom": {"k": "v"},
    }
