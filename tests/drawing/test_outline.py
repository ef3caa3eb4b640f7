"""What is said of a deployment before it is drawn."""

from typing import Any

from servegraph.drawing import Outline, outline
from servegraph.spec import parse


def outlined(*predictors: dict[str, Any], artifacts: dict[str, str] | None = None, **spec: Any) -> Outline:
    document = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "loans"},
        "spec": {"predictors": list(predictors), **spec},
    }
    return outline(parse(document, "test"), artifacts or {})


def graph(root: dict[str, Any]) -> Any:
    return outlined({"name": "main", "graph": root}).predictors[0].root


MODELS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]


def ab(*parameters: tuple[str, str], children: list[dict[str, str]] = MODELS) -> list[str]:
    said = [{"name": name, "value": value, "type": "FLOAT"} for name, value in parameters]
    root = graph({"name": "ab", "implementation": "RANDOM_ABTEST", "parameters": said, "children": children})
    return [child.share for child in root.children]


def test_ratio_becomes_the_shares_of_the_children() -> None:
    assert ab(("ratioA", "0.8")) == ["80%", "20%"]
    assert ab(("ratioA", "0.125")) == ["12.5%", "87.5%"]


def test_ratio_that_the_executor_ignores_is_a_half() -> None:
    assert ab() == ["50%", "50%"]
    assert ab(("ratioA", "0.8"), ("other", "1")) == ["50%", "50%"]


def test_ratio_that_is_no_number_gives_no_share() -> None:
    assert ab(("ratioA", "most")) == ["", ""]


def test_ratio_beyond_its_range_draws_one_child_always() -> None:
    assert ab(("ratioA", "7")) == ["100%", "0%"]
    assert ab(("ratioA", "nan")) == ["0%", "100%"]


def test_third_child_of_an_ab_test_gets_nothing() -> None:
    assert ab(("ratioA", "0.5"), children=[*MODELS, {"name": "c", "type": "MODEL"}]) == ["50%", "50%", "0%"]


def test_predictors_share_the_traffic_as_they_say() -> None:
    node = {"name": "m", "type": "MODEL"}
    shadow = {"name": "dark", "graph": node, "shadow": True, "traffic": 10}
    found = outlined(
        {"name": "main", "graph": node, "traffic": 75}, {"name": "new", "graph": node, "traffic": 25}, shadow
    )

    assert [(each.name, each.share, each.is_shadow) for each in found.predictors] == [
        ("main", "75%", False),
        ("new", "25%", False),
        ("dark", "10%", True),
    ]


def test_predictor_beside_a_shadow_gets_everything_and_the_shadow_a_copy_of_it() -> None:
    node = {"name": "m", "type": "MODEL"}
    found = outlined({"name": "main", "graph": node}, {"name": "dark", "graph": node, "shadow": True})

    assert [each.share for each in found.predictors] == ["100%", "100%"]


def test_transformer_comes_before_its_child_and_combiner_and_output_transformer_after() -> None:
    orders = {
        kind: (found.before, found.after)
        for kind in ("TRANSFORMER", "MODEL", "ROUTER", "COMBINER", "OUTPUT_TRANSFORMER", "UNKNOWN_TYPE", "NO_TYPE")
        for found in [graph({"name": "n", "type": kind, "children": MODELS})]
    }

    assert orders == {
        "TRANSFORMER": (True, False),
        "MODEL": (True, False),
        "ROUTER": (True, False),
        "COMBINER": (False, True),
        "OUTPUT_TRANSFORMER": (False, True),
        "UNKNOWN_TYPE": (True, False),
        "NO_TYPE": (True, False),
    }


def test_node_with_methods_of_both_ways_comes_before_and_after() -> None:
    found = graph({"name": "n", "methods": ["TRANSFORM_INPUT", "TRANSFORM_OUTPUT"], "children": MODELS})

    assert (found.before, found.after, found.word) == (True, True, "TRANSFORM_INPUT, TRANSFORM_OUTPUT")


def test_answers_of_children_without_a_combiner_are_not_used_but_the_first() -> None:
    assert [child.is_used for child in graph({"name": "n", "type": "MODEL", "children": MODELS}).children] == [
        True,
        False,
    ]
    assert [child.is_used for child in graph({"name": "n", "type": "COMBINER", "children": MODELS}).children] == [
        True,
        True,
    ]
    assert [child.is_used for child in graph({"name": "n", "type": "ROUTER", "children": MODELS}).children] == [
        True,
        True,
    ]


def test_artifacts_are_called_as_the_caller_says_and_else_as_they_are_written() -> None:
    child = {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://models/iris"}
    root = {"name": "t", "type": "TRANSFORMER", "modelUri": "models:/scaler@champion", "children": [child]}
    found = outlined({"name": "main", "graph": root}, artifacts={"models:/scaler@champion": "scaler@champion → v3"})

    node = found.predictors[0].root
    assert (node.artifact, node.children[0].artifact) == ("scaler@champion → v3", "s3://models/iris")
    assert (node.word, node.children[0].word) == ("TRANSFORMER", "SKLEARN_SERVER")
