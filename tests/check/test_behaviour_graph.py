"""SG30x to SG32x beyond the examples: names, graphs, built-in nodes, parameters."""

import json
from typing import Any

import pytest

from servegraph.check import Finding, check_text

Value = dict[str, Any]


def server(name: str, **more: Any) -> Value:
    """A node that needs no container."""
    return {"name": name, "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/churn", **more}


def ab_test(*children: Value, **more: Any) -> Value:
    return {"name": "ab", "implementation": "RANDOM_ABTEST", "children": list(children), **more}


def ratio(value: str, name: str = "ratioA") -> Value:
    return {"name": name, "value": value, "type": "FLOAT"}


def predictor(graph: Value, *containers: str, **more: Any) -> Value:
    pods = [{"spec": {"containers": [{"name": name, "image": "i:1"} for name in containers]}}] if containers else []
    return {"name": "p", "graph": graph, "componentSpecs": pods, **more}


def findings(*predictors: Value, name: str = "churn", spec: Value | None = None) -> list[Finding]:
    api = "machinelearning.seldon.io/v1"
    body = {**(spec or {}), "predictors": list(predictors)}
    document = {"apiVersion": api, "kind": "SeldonDeployment", "metadata": {"name": name}, "spec": body}
    return [each for each in check_text(json.dumps(document), "m.json") if each.code >= "SG3"]


def found(*predictors: Value, name: str = "churn", spec: Value | None = None) -> list[tuple[str, str]]:
    """Codes and places of what is found, without notes."""
    return [(each.code, each.path) for each in findings(*predictors, name=name, spec=spec) if each.level != "note"]


GRAPH = "spec.predictors[0].graph"
LONG = "C12345678912345678901234567890123456789012345678901234567890"


# Names


@pytest.mark.parametrize("name", ["2024-model", "1", "a.b"])
def test_a_service_begins_with_a_letter_and_has_no_dots(name: str):
    assert found(predictor(server("m")), name=name) == [("SG301", "metadata.name")]


@pytest.mark.parametrize("name", ["Default", "a_b", "a.b", "a-", "-a", "ä", ""])
def test_a_predictors_name_becomes_part_of_a_services(name: str):
    assert found(predictor(server("m"), name=name))[0] == ("SG301", "spec.predictors[0].name")


def test_a_checksum_hides_the_letters_that_a_service_cannot_have():
    """Of over 63 characters all names are checksums, and those are valid."""
    assert found(predictor(server("m"), name=LONG), name="s234567890") == []


@pytest.mark.parametrize("name", ["direct_svc", "a.b", "9lives", "x" * 64])
def test_a_service_name_of_ones_own_must_be_one(name: str):
    place = 'spec.predictors[0].annotations["seldon.io/svc-name"]'
    assert found(predictor(server("m"), annotations={"seldon.io/svc-name": name})) == [("SG301", place)]


def test_a_long_name_is_worth_a_note_that_says_what_it_becomes():
    (finding,) = [each for each in findings(predictor(server("m"), name=LONG), name="s") if each.code == "SG302"]
    assert (finding.level, finding.path) == ("note", "spec.predictors[0].name")
    assert finding.note == (f"s-{LONG}-0-m (66 characters) becomes seldon-10eb0f02cdc303e74043e57c1d8147ab and 1 more")


@pytest.mark.parametrize(
    ("name", "code"), [("half_plus_two", "SG303"), ("M", "SG303"), ("m" * 64, "SG303"), ("m" * 49, "SG304")]
)
def test_a_node_needs_a_name_for_its_container(name: str, code: str):
    assert found(predictor(server(name))) == [(code, f"{GRAPH}.name")]
    place = "spec.predictors[0].componentSpecs[0].spec.containers[0].name"
    assert found(predictor({"name": name, "type": "MODEL"}, name)) == [(code, place)]


def test_a_built_in_node_needs_no_name_for_a_container():
    assert found(predictor(ab_test(server("a"), server("b"), name="my_ab_test"))) == []


def test_a_helper_may_have_a_long_name_and_that_of_tfserving():
    assert found(predictor({"name": "m", "type": "MODEL"}, "m", "x" * 60, "tfserving")) == []


def test_the_orchestrators_name_is_taken_even_for_a_helper():
    place = "spec.predictors[0].componentSpecs[0].spec.containers[1].name"
    assert found(predictor({"name": "m", "type": "MODEL"}, "m", "seldon-container-engine")) == [("SG305", place)]


def test_labels_of_pods_and_keys_are_looked_at():
    pod = {
        "metadata": {"labels": {"tier": "x" * 64, "a b": "c", "example.com/ok": ""}},
        "spec": {"containers": [{"name": "m", "image": "i:1"}]},
    }
    place = "spec.predictors[0].componentSpecs[0].metadata.labels"
    assert found({"name": "p", "componentSpecs": [pod], "graph": {"name": "m", "type": "MODEL"}}) == [
        ("SG306", f"{place}.tier"),
        ("SG306", f'{place}["a b"]'),
    ]


def test_a_predictors_name_is_a_label_unless_there_is_a_version():
    long = "p" * 64
    assert found(predictor(server("m"), name=long)) == [("SG306", "spec.predictors[0].name")]
    assert found(predictor(server("m"), name=long, labels={"version": "v1"})) == []


def test_two_predictors_of_one_name_are_not_told_as_a_collision():
    codes = {code for code, _ in found(predictor(server("m"), traffic=50), predictor(server("m"), traffic=50))}
    assert codes == set()


# Graphs


def test_a_name_may_come_back_in_another_predictor():
    halves = [predictor(server("m"), name="a", traffic=50), predictor(server("m"), name="b", traffic=50)]
    assert found(*halves) == []


def test_nodes_need_names_of_their_own_at_any_depth():
    graph = server("m", children=[server("n", children=[server("m")])])
    assert found(predictor(graph)) == [("SG310", f"{GRAPH}.children[0].children[0].name")]


def test_a_pod_of_helpers_beside_a_server_without_container_is_not_empty():
    assert found(predictor(server("m"), "helper")) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"annotations": {"seldon.io/engine-separate-pod": "TRUE"}},
        {"annotations": {"seldon.io/engine-separate-pod": "true"}},
    ],
)
def test_an_orchestrator_of_its_own_needs_no_place(spec: Value):
    pods = [{"spec": {"containers": []}}, {"spec": {"containers": [{"name": "m", "image": "i:1"}]}}]
    one = {"name": "p", "graph": {"name": "m", "type": "MODEL"}, "componentSpecs": pods}
    assert found(one) == [("SG314", GRAPH)]
    assert found(one, spec=spec) == []


def test_a_node_without_container_is_not_told_twice():
    assert found(predictor({"name": "m", "type": "MODEL"})) == []


def test_a_wrong_type_of_a_server_is_overwritten_and_not_missed():
    assert found(predictor(server("m", type="MODLE"))) == [("SG369", f"{GRAPH}.type")]


@pytest.mark.parametrize("methods", [["SEND_FEEDBACK"], ["SEND_FEEDBACK", "SEND_FEEDBACK"]])
def test_methods_without_a_type_are_all_that_is_asked(methods: list[str]):
    assert found(predictor({"name": "m", "methods": methods}, "m")) == [("SG317", f"{GRAPH}.methods")]
    assert found(predictor({"name": "m", "type": "UNKNOWN_TYPE", "methods": methods}, "m")) == []
    assert found(predictor({"name": "m", "methods": ["TRANSFORM_INPUT"]}, "m")) == []


@pytest.mark.parametrize("parent", [{"type": "MODEL"}, {"type": "TRANSFORMER"}, {"methods": ["TRANSFORM_INPUT"]}, {}])
def test_several_children_need_a_combiner_or_a_router(parent: Value):
    graph = {"name": "t", **parent, "children": [server("a"), server("b"), server("c")]}
    assert found(predictor(graph, "t")) == [("SG318", f"{GRAPH}.children")]


@pytest.mark.parametrize(
    "parent", [{"type": "COMBINER"}, {"type": "ROUTER"}, {"methods": ["AGGREGATE"]}, {"methods": ["ROUTE"]}]
)
def test_combiners_and_routers_have_several_children(parent: Value):
    assert found(predictor({"name": "t", **parent, "children": [server("a"), server("b")]}, "t")) == []


@pytest.mark.parametrize(
    ("node", "place"),
    [
        ({"type": "ROUTER"}, "type"),
        ({"type": "COMBINER"}, "type"),
        ({"methods": ["ROUTE"]}, "name"),
        ({"methods": ["AGGREGATE", "SEND_FEEDBACK"]}, "name"),
    ],
)
def test_routers_and_combiners_need_children(node: Value, place: str):
    assert found(predictor({"name": "r", **node}, "r")) == [("SG319", f"{GRAPH}.{place}")]


@pytest.mark.parametrize("node", [{"type": "MODEL", "methods": ["ROUTE"]}, {"methods": ["ROUTE", "TRANSFORM_INPUT"]}])
def test_a_leaf_that_is_called_for_something_else_may_say_that_it_routes(node: Value):
    assert found(predictor({"name": "r", **node}, "r")) == []


# Built-in nodes


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_ab_test_has_two_children(count: int):
    children = [server(name) for name in ("a", "b", "c")[:count]]
    assert ("SG323", f"{GRAPH}.children") in found(predictor(ab_test(*children)))


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan", "half", ""])
def test_a_ratio_is_a_number_between_zero_and_one(value: str):
    graph = ab_test(server("a"), server("b"), parameters=[ratio(value)])
    assert found(predictor(graph)) == [("SG325", f"{GRAPH}.parameters[0].value")]


@pytest.mark.parametrize("value", ["0.8", "1e-3", "0.5"])
def test_ratios_between_zero_and_one_pass(value: str):
    assert found(predictor(ab_test(server("a"), server("b"), parameters=[ratio(value)]))) == []


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["ratio"], "[0].name"),
        (["ratioB"], "[0].name"),
        (["ratioA", "seed"], ""),
        (["seed", "ratio"], ""),
    ],
)
def test_an_ab_test_reads_its_ratio_only_when_alone(names: list[str], place: str):
    graph = ab_test(server("a"), server("b"), parameters=[ratio("0.8", name) for name in names])
    assert found(predictor(graph)) == [("SG324", f"{GRAPH}.parameters{place}")]


@pytest.mark.parametrize("type_", ["MODEL", "ROUTER", "TRANSFORMER"])
def test_an_ab_test_with_a_type_asks_a_component(type_: str):
    assert found(predictor(ab_test(server("a"), server("b"), type=type_))) == [("SG327", f"{GRAPH}.type")]
    assert found(predictor(ab_test(server("a"), server("b"), type="UNKNOWN_TYPE"))) == []


def test_a_built_in_combiner_with_a_type_is_told_what_happens_to_it():
    graph = {
        "name": "c",
        "implementation": "AVERAGE_COMBINER",
        "type": "COMBINER",
        "children": [server("a"), server("b")],
    }
    (finding,) = findings(predictor(graph))
    assert (finding.code, finding.blocks_run) == ("SG320", False)
    assert finding.note == (
        "in a cluster with type COMBINER it calls a component that is not there, and drops the request"
    )


# Parameters


@pytest.mark.parametrize(
    ("parameter", "place"),
    [
        ({"name": "n", "value": "seven", "type": "INT"}, "value"),
        ({"name": "n", "value": "1.5", "type": "INT"}, "value"),
        ({"name": "n", "value": "x", "type": "DOUBLE"}, "value"),
        ({"name": "n", "value": "maybe", "type": "BOOL"}, "value"),
        ({"name": "n", "value": "1", "type": "INTEGER"}, "type"),
    ],
)
def test_a_parameters_text_has_its_type(parameter: Value, place: str):
    node = {"name": "m", "type": "MODEL", "parameters": [parameter]}
    assert found(predictor(node, "m")) == [("SG328", f"{GRAPH}.parameters[0].{place}")]


def test_the_draw_does_not_look_at_the_type_of_its_ratio():
    graph = ab_test(server("a"), server("b"), parameters=[{"name": "ratioA", "value": "0.5", "type": "NUMBER"}])
    assert found(predictor(graph)) == []


def test_a_server_image_of_ones_own_may_take_other_parameters():
    node = server("m", parameters=[{"name": "batch", "value": "8", "type": "INT"}])
    assert found(predictor(node)) == [("SG329", f"{GRAPH}.parameters[0].name")]
    assert found(predictor(node, "m")) == []
