"""`>>` and the node functions: the tree they build, and what they say when it cannot be built."""

from typing import Any

import pytest

from servegraph.errors import InvalidGraph
from servegraph.graph import Node, ab_test, combiner, deployment, model, output_transformer, router, transformer

REF = "models.m:M"

Tree = dict[str, Any] | str


def tree(node: Node) -> Tree:
    """A node with children as {name: [children]}, a leaf as its name."""
    return {node.name: [tree(child) for child in node.children]} if node.children else node.name


def m(name: str) -> Node:
    return model(name, REF)


def t(name: str) -> Node:
    return transformer(name, REF)


def out(name: str) -> Node:
    return output_transformer(name, REF)


def problem(graph: Node) -> str:
    with pytest.raises(InvalidGraph) as caught:
        deployment("d", graph, image="i:1")
    [only] = caught.value.problems
    return str(only)


def test_a_chain_goes_on_at_its_end():
    assert tree(t("a") >> t("b") >> m("c")) == {"a": [{"b": ["c"]}]}
    assert tree(t("a") >> (t("b") >> m("c"))) == {"a": [{"b": ["c"]}]}


def test_a_chain_ends_in_branches():
    assert tree(t("a") >> ab_test("ab", m("x"), t("y") >> m("z"))) == {"a": [{"ab": ["x", {"y": ["z"]}]}]}


def test_routers_and_combiners_hold_their_children():
    assert tree(router("r", REF, m("x"), combiner("c", REF, m("y"), m("z")))) == {"r": ["x", {"c": ["y", "z"]}]}


def test_an_output_transformer_is_put_around_all_that_comes_before_it():
    assert tree(t("a") >> m("b") >> out("o")) == {"o": [{"a": ["b"]}]}
    assert tree(t("a") >> (m("b") >> out("o"))) == {"a": [{"o": ["b"]}]}
    assert tree(ab_test("ab", m("x"), m("y")) >> out("o")) == {"o": [{"ab": ["x", "y"]}]}
    assert tree(m("b") >> out("o1") >> out("o2")) == {"o2": [{"o1": ["b"]}]}


def test_nodes_are_not_changed_by_joining_them():
    scale, first, second = t("scale"), m("first"), m("second")
    assert tree(scale >> first) == {"scale": ["first"]}
    assert tree(scale >> second) == {"scale": ["second"]}
    assert tree(scale) == "scale"


def test_nothing_can_follow_two_branches():
    with pytest.raises(InvalidGraph) as caught:
        t("a") >> ab_test("ab", m("x"), m("y")) >> m("z")
    assert str(caught.value) == (
        "'ab' cannot be served:\n"
        "  node 'ab': has 2 branches; 'z' cannot follow all of them"
        " (put 'z' into each branch, or use an output_transformer)"
    )


def test_nothing_but_another_output_transformer_can_follow_one():
    """`a >> o >> b` reads as `b` gets what `o` answers, which no SeldonDeployment can say."""
    with pytest.raises(InvalidGraph, match="node 'o'"):
        m("a") >> out("o") >> m("b")
    with pytest.raises(InvalidGraph, match="node 'o'"):
        out("o") >> m("b")


def test_nothing_can_follow_a_combiner_even_of_one():
    """`c(a) >> b` reads as `b` gets the combined answer, and would run before the combiner."""
    with pytest.raises(InvalidGraph, match="node 'c'"):
        combiner("c", REF, m("a")) >> m("b")


@pytest.mark.parametrize(
    "reference", ["Fraud", "models/fraud.py:Fraud", "models.fraud:", ":Fraud", "1a.b:C", "a b:C", ""]
)
def test_a_reference_names_a_file_and_a_class(reference: str):
    assert problem(model("m", reference)) == (
        f"node 'm': {reference!r} names no component (write it as folder.file:Class)"
    )


def test_every_wrong_reference_is_named():
    with pytest.raises(InvalidGraph) as caught:
        deployment("d", transformer("t", "x") >> ab_test("ab", model("a", REF), model("b", "y")), image="i:1")
    assert str(caught.value) == (
        "'d' cannot be served:\n"
        "  node 't': 'x' names no component (write it as folder.file:Class)\n"
        "  node 'b': 'y' names no component (write it as folder.file:Class)"
    )


@pytest.mark.parametrize("reference", ["models.fraud:Fraud", "models.fraud.Fraud", "fraud:Fraud", "a.b.c:D_1", "a.B"])
def test_references_with_a_colon_or_a_dot_pass(reference: str):
    deployment("d", model("m", reference), image="i:1")


def test_a_name_used_twice_is_named():
    with pytest.raises(InvalidGraph) as caught:
        deployment("d", t("m") >> m("m"), image="i:1")
    node, container = caught.value.problems
    assert (node.where, node.what) == ("SG310", "node 'm' stands a second time in predictor 'default'")
    assert (container.where, container.what) == ("SG311", "container 'm' stands a second time in predictor 'default'")


def test_a_name_for_no_container_is_named():
    assert problem(m("My_Model")) == (
        "SG303: 'My_Model' cannot name a container (use lower-case letters, digits and dashes, at most 48)"
    )


def test_a_ratio_above_one_is_named():
    assert problem(ab_test("ab", m("x"), m("y"), ratio_a=1.5)) == (
        "SG325: node 'ab' has the ratio '1.5' (use a number from 0 to 1)"
    )


def test_a_router_without_children_is_named():
    assert problem(router("r", REF)) == (
        "SG319: node 'r' routes, and has no children: it is never called (give it the nodes below it)"
    )


def test_a_parameter_that_has_no_text_names_its_node():
    value: Any = [1, 2]
    assert problem(model("m", REF, widths=value)).startswith("node 'm': ")
