"""Each rule has one broken manifest here, with what its author is told; then what must pass."""

from typing import Any

import pytest

from servegraph.errors import InvalidGraph
from servegraph.spec import SeldonDeployment, check, parse

Graph = dict[str, Any]


def server(name: str, **more: Any) -> Graph:
    """A node that needs no container."""
    return {"name": name, "implementation": "SKLEARN_SERVER", "modelUri": "s3://m", **more}


def ab_test(*children: Graph, **more: Any) -> Graph:
    return {"name": "ab", "implementation": "RANDOM_ABTEST", "children": list(children), **more}


def ratio(value: str, name: str = "ratioA") -> dict[str, str]:
    return {"name": name, "value": value, "type": "FLOAT"}


def deployment(*predictors: Graph, name: str = "x") -> SeldonDeployment:
    spec = {"predictors": list(predictors)}
    return parse({"kind": "SeldonDeployment", "metadata": {"name": name}, "spec": spec}, "test")


def predictor(graph: Graph, *containers: str, **more: Any) -> Graph:
    pods = [{"spec": {"containers": [{"name": name, "image": "i:1"} for name in containers]}}]
    return {"name": "p", "graph": graph, "componentSpecs": pods, **more}


def problems(broken: SeldonDeployment) -> list[str]:
    with pytest.raises(InvalidGraph) as caught:
        check(broken)
    return [str(problem) for problem in caught.value.problems]


LABEL_63 = "use at most 63 lower-case letters, digits and dashes, starting with a letter"
LABEL_48 = "use at most 48 lower-case letters, digits and dashes, starting with a letter"


@pytest.mark.parametrize("name", ["MyModel", "2024-model", "a_b", "a.b", "a-", "", "ä", "a" * 64, "a\n"])
def test_a_deployment_needs_a_name_for_kubernetes(name: str):
    assert problems(deployment(predictor(server("m")), name=name)) == [
        f"metadata.name: {name!r} cannot name a Kubernetes object ({LABEL_63})"
    ]


def test_a_predictor_needs_a_name_for_kubernetes():
    assert problems(deployment(predictor(server("m"), name="Default"))) == [
        f"predictor 'Default': 'Default' cannot name a Kubernetes object ({LABEL_63})"
    ]


@pytest.mark.parametrize("name", ["half_plus_two", "M", "m" * 49])
def test_a_node_needs_a_name_for_its_container(name: str):
    assert problems(deployment(predictor(server(name)))) == [
        f"node {name!r}: {name!r} cannot name a Kubernetes object ({LABEL_48})"
    ]


def test_a_deployment_needs_a_predictor():
    assert problems(deployment()) == ["spec.predictors: is empty (give one predictor with a graph)"]


def test_predictors_need_names_of_their_own():
    twins = [predictor(server("m"), traffic=50), predictor(server("m"), traffic=50)]
    assert problems(deployment(*twins)) == ["spec.predictors: the name 'p' is used 2 times (give each its own name)"]


def test_traffic_of_several_predictors_adds_up_to_100():
    canary = [predictor(server("m"), name="main", traffic=80), predictor(server("m"), name="canary", traffic=10)]
    assert problems(deployment(*canary)) == [
        "spec.predictors: traffic adds up to 90 (make the percentages add up to 100)"
    ]


def test_nodes_need_names_of_their_own():
    graph = server("m", children=[server("n", children=[server("m")])])
    assert problems(deployment(predictor(graph))) == [
        "predictor 'p': the name 'm' is used 2 times (give each its own name)"
    ]


def test_a_graph_has_at_most_eleven_levels():
    graph = server("n12")
    for level in range(11, 0, -1):
        graph = server(f"n{level}", children=[graph])
    assert problems(deployment(predictor(graph))) == ["predictor 'p': the graph is over 11 levels deep (flatten it)"]
    check(deployment(predictor(graph["children"][0])))


def test_a_node_without_a_built_in_implementation_needs_a_container():
    graph = {"name": "a", "type": "TRANSFORMER", "children": [{"name": "b", "type": "MODEL"}]}
    assert problems(deployment(predictor(graph, "a", "c"))) == [
        "node 'b': has no container of its name (add one to componentSpecs, or an endpoint to the node)"
    ]


def test_a_node_with_an_address_needs_no_container():
    graph = {"name": "m", "type": "MODEL", "endpoint": {"service_host": "127.0.0.1", "httpPort": 9000}}
    check(deployment(predictor(graph)))
    assert problems(deployment(predictor({**graph, "endpoint": {"httpPort": 9000}})))


def test_a_prepackaged_server_needs_an_artifact():
    assert problems(deployment(predictor({"name": "m", "implementation": "SKLEARN_SERVER"}))) == [
        "node 'm': SKLEARN_SERVER has no modelUri (say which artifact it serves)"
    ]


def test_an_unknown_type_needs_methods():
    assert problems(deployment(predictor({"name": "m", "type": "UNKNOWN_TYPE"}, "m"))) == [
        "node 'm': has neither a type nor methods (give it a type, e.g. MODEL)"
    ]
    check(deployment(predictor({"name": "m", "type": "UNKNOWN_TYPE", "methods": ["TRANSFORM_INPUT"]}, "m")))


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (
            {"name": "n", "value": "seven", "type": "INT"},
            "node 'm': parameter 'n': invalid literal for int() with base 10: 'seven' (write a value of type INT)",
        ),
        (
            {"name": "n", "value": "x", "type": "DOUBLE"},
            "node 'm': parameter 'n': could not convert string to float: 'x' (write a value of type DOUBLE)",
        ),
        (
            {"name": "n", "value": "maybe", "type": "BOOL"},
            "node 'm': parameter 'n': 'maybe' is no truth value; write true or false (write a value of type BOOL)",
        ),
    ],
)
def test_a_parameters_text_has_its_type(parameter: dict[str, str], text: str):
    assert problems(deployment(predictor(server("m", parameters=[parameter])))) == [text]


@pytest.mark.parametrize("router", [{"type": "ROUTER"}, {"methods": ["ROUTE"]}])
def test_a_router_needs_children(router: Graph):
    assert problems(deployment(predictor({"name": "r", **router}, "r"))) == [
        "node 'r': routes, and has no children (give it the nodes it chooses from)"
    ]


@pytest.mark.parametrize("parent", [{"type": "MODEL"}, {"type": "TRANSFORMER"}, {"methods": ["TRANSFORM_INPUT"]}, {}])
def test_several_children_need_a_combiner_or_a_router(parent: Graph):
    graph = {"name": "t", **parent, "children": [server("a"), server("b"), server("c")]}
    assert problems(deployment(predictor(graph, "t"))) == [
        "node 't': has 3 children and answers with the first alone (put a combiner or a router above them)"
    ]


@pytest.mark.parametrize(
    "parent", [{"type": "COMBINER"}, {"type": "ROUTER"}, {"methods": ["AGGREGATE"]}, {"methods": ["ROUTE"]}]
)
def test_combiners_and_routers_have_several_children(parent: Graph):
    check(deployment(predictor({"name": "t", **parent, "children": [server("a"), server("b")]}, "t")))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_ab_test_has_two_children(count: int):
    children = [server(name) for name in ("a", "b", "c")[:count]]
    assert problems(deployment(predictor(ab_test(*children)))) == [
        f"node 'ab': an A/B test has two children, not {count} (give it exactly two)"
    ]


def test_an_ab_test_reads_its_ratio_only_when_alone():
    graph = ab_test(server("a"), server("b"), parameters=[ratio("0.8"), ratio("1", "seed")])
    assert problems(deployment(predictor(graph))) == [
        "node 'ab': RANDOM_ABTEST reads ratioA only when it is the sole parameter (drop the others)"
    ]


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan"])
def test_a_ratio_is_between_zero_and_one(value: str):
    graph = ab_test(server("a"), server("b"), parameters=[ratio(value)])
    assert problems(deployment(predictor(graph))) == [f"node 'ab': ratioA is {value!r} (use a number from 0 to 1)"]


@pytest.mark.parametrize("value", ["0", "1", "0.8", "1e-3"])
def test_ratios_from_zero_to_one_pass(value: str):
    check(deployment(predictor(ab_test(server("a"), server("b"), parameters=[ratio(value)]))))


def test_all_broken_rules_are_told_at_once():
    graph = ab_test(server("a"), {"name": "B", "type": "MODEL"}, parameters=[ratio("2")])
    with pytest.raises(InvalidGraph) as caught:
        check(deployment(predictor(graph), name="X"))
    assert str(caught.value) == (
        "'X' cannot be served:\n"
        f"  metadata.name: 'X' cannot name a Kubernetes object ({LABEL_63})\n"
        "  node 'ab': ratioA is '2' (use a number from 0 to 1)\n"
        f"  node 'B': 'B' cannot name a Kubernetes object ({LABEL_48})\n"
        "  node 'B': has no container of its name (add one to componentSpecs, or an endpoint to the node)"
    )


# What Seldon admits and runs must not be refused.


def test_a_shadow_takes_no_part_in_the_sum_of_traffic():
    live = predictor(server("m"), name="live")
    check(deployment(live, predictor(server("m"), name="dark", shadow=True, traffic=20)))


def test_a_huggingface_server_needs_no_artifact():
    check(deployment(predictor({"name": "m", "implementation": "HUGGINGFACE_SERVER"})))


def test_a_built_in_node_needs_no_name_for_a_container():
    check(deployment(predictor(ab_test(server("a"), server("b"), name="my_ab_test"))))


@pytest.mark.parametrize(
    "graph",
    [
        {"implementation": "SIMPLE_MODEL"},
        {"implementation": "SIMPLE_MODEL", "type": "MODEL"},
        {"implementation": "SIMPLE_ROUTER", "children": [server("a"), server("b")]},
        {"implementation": "SIMPLE_ROUTER", "type": "ROUTER", "children": [server("a"), server("b")]},
        {"implementation": "AVERAGE_COMBINER", "children": [server("a"), server("b")]},
        {"implementation": "AVERAGE_COMBINER", "type": "COMBINER", "children": [server("a"), server("b")]},
    ],
)
def test_the_built_in_implementations_need_nothing(graph: Graph):
    check(deployment(predictor({"name": "n", **graph})))


def test_a_simple_router_needs_children():
    assert problems(deployment(predictor({"name": "r", "implementation": "SIMPLE_ROUTER"}))) == [
        "node 'r': routes, and has no children (give it the nodes it chooses from)"
    ]


def test_a_draw_stays_built_in_where_an_address_was_filled_in():
    graph = ab_test(server("a"), server("b"), endpoint={"service_host": "127.0.0.1", "service_port": 9000})
    check(deployment(predictor({**graph, "name": "A"})))  # a component could not have this name


def test_an_address_takes_a_built_in_implementation_out():
    """A component answers there, whatever its node is said to be; so the rules for components hold."""
    graph = ab_test(server("a"), endpoint={"service_host": "127.0.0.1", "service_port": 9000})
    assert problems(deployment(predictor({**graph, "type": "MODEL", "name": "A"}))) == [
        f"node 'A': 'A' cannot name a Kubernetes object ({LABEL_48})"
    ]
