"""The order in which nodes are asked, and what each gets and gives."""

import asyncio
from typing import Any

import numpy as np
import pytest

from servegraph.component import read
from servegraph.engine import needed_methods
from servegraph.errors import ComponentMismatch
from servegraph.payload import Message, Meta
from servegraph.spec import PredictiveUnit


class Add:
    """Adds to whatever passes, whichever way it passes."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    def predict(self, X: Any, names: Any) -> Any:
        return X + self.amount

    transform_input = predict
    transform_output = predict


class Times(Add):
    def predict(self, X: Any, names: Any) -> Any:
        return X * self.amount

    transform_input = predict
    transform_output = predict


class Sum:
    def aggregate(self, Xs: Any, names: Any) -> Any:
        return np.sum(Xs, axis=0)


class Pick:
    def __init__(self, branch: Any) -> None:
        self.branch = branch

    def route(self, X: Any, names: Any) -> Any:
        return self.branch


def node(name: str, kind: str | None = None, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    members = {"name": name, "type": kind, "children": list(children), **more}
    return {key: value for key, value in members.items() if value}


async def test_a_transformer_comes_before_its_model(serve: Any):
    bench = serve(node("t", "TRANSFORMER", node("m", "MODEL")), {"t": Add(1), "m": Times(10)})
    assert await bench.values([[1, 2]]) == [[20, 30]]
    assert bench.events.nodes == [("t", "/transform-input", "200"), ("m", "/predict", "200")]


async def test_an_output_transformer_comes_after_its_child(serve: Any):
    bench = serve(node("o", "OUTPUT_TRANSFORMER", node("m", "MODEL")), {"o": Add(1), "m": Times(10)})
    assert await bench.values([[1, 2]]) == [[11, 21]]
    assert bench.events.nodes == [("m", "/predict", "200"), ("o", "/transform-output", "200")]


async def test_a_model_above_a_model_is_asked_first(serve: Any):
    bench = serve(node("a", "MODEL", node("b", "MODEL")), {"a": Add(1), "b": Times(10)})
    assert await bench.values([[1]]) == [[20]]


async def test_a_node_without_a_type_is_a_model(serve: Any):
    assert await serve(node("m"), {"m": Times(10)}).values([[1]]) == [[10]]


async def test_a_combiner_gets_every_answer_in_order(serve: Any):
    class Listing:
        def aggregate(self, Xs: Any, names: Any) -> Any:
            return {"values": [X.tolist() for X in Xs], "names": names}

    graph = node("c", "COMBINER", node("a", "MODEL"), node("b", "MODEL"))
    bench = serve(graph, {"c": Listing(), "a": Add(1), "b": Add(2)})
    answer = await bench.ask([[1, 2]])
    assert answer.kind == "jsonData"
    assert answer.value == {"values": [[[2, 3]], [[3, 4]]], "names": [["t:0", "t:1"], ["t:0", "t:1"]]}
    assert bench.events.nodes[-1] == ("c", "/aggregate", "200")


async def test_without_a_combiner_the_first_child_answers_and_all_are_asked(serve: Any):
    graph = node("t", "TRANSFORMER", node("a", "MODEL"), node("b", "MODEL"))
    bench = serve(graph, {"t": Add(0), "a": Add(1), "b": Add(2)})
    assert await bench.values([[1]]) == [[2]]
    assert [name for name, _, _ in bench.events.nodes] == ["t", "a", "b"]


async def test_children_are_asked_in_parallel(serve: Any):
    class Meets:
        """Answers only once the other one was asked too."""

        barrier = asyncio.Barrier(2)

        async def predict(self, X: Any, names: Any) -> Any:
            async with asyncio.timeout(5):
                await self.barrier.wait()
            return X

    graph = node("c", "COMBINER", node("a", "MODEL"), node("b", "MODEL"))
    assert await serve(graph, {"c": Sum(), "a": Meets(), "b": Meets()}).values([[1]]) == [[2]]


async def test_one_child_cannot_change_what_the_other_gets(serve: Any):
    """In Seldon each child has a copy of its own; code written for it may well work in place."""

    class InPlace:
        def predict(self, X: Any, names: Any) -> Any:
            X += 100
            return X

    graph = node("c", "COMBINER", node("a", "MODEL"), node("b", "MODEL"))
    assert await serve(graph, {"c": Sum(), "a": InPlace(), "b": Add(1)}).values([[1]]) == [[103]]


@pytest.mark.parametrize(("branch", "answer"), [(0, [[11]]), (1, [[21]])])
async def test_a_router_chooses_one_child(serve: Any, branch: int, answer: Any):
    graph = node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL"))
    bench = serve(graph, {"r": Pick(branch), "a": Add(10), "b": Add(20)})
    assert await bench.values([[1]]) == answer
    assert bench.events.routes == [("r", branch)]
    assert [name for name, _, _ in bench.events.nodes] == ["r", ["a", "b"][branch]]


async def test_a_router_that_answers_true_chooses_the_first_child(serve: Any):
    """Its message says `[[true]]`, and what is no number reads 0."""
    graph = node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL"))
    assert await serve(graph, {"r": Pick(True), "a": Add(10), "b": Add(20)}).values([[1]]) == [[11]]


async def test_route_minus_one_asks_all_children(serve: Any):
    graph = node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL"))
    bench = serve(graph, {"r": Pick(-1), "a": Add(10), "b": Add(20)})
    assert await bench.values([[1]]) == [[11]]
    assert [name for name, _, _ in bench.events.nodes] == ["r", "a", "b"]
    assert bench.events.routes == [("r", -1)]


async def test_route_minus_two_asks_no_child_and_skips_the_combiner(serve: Any):
    class PickAndSum(Pick, Sum): ...

    graph = node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL"), methods=["AGGREGATE"])
    bench = serve(graph, {"r": PickAndSum(-2), "a": Add(10), "b": Add(20)})
    answer = await bench.ask([[1]])
    assert (answer.kind, answer.value.tolist(), answer.names) == ("ndarray", [[1]], ["request"])
    assert bench.events.nodes == [("r", "/route", "200")]
    assert bench.events.routes == [("r", -2)]


async def test_route_minus_two_still_transforms_the_output(serve: Any):
    class PickAndAdd(Pick):
        def transform_output(self, X: Any, names: Any) -> Any:
            return X + 5

    graph = node("r", "ROUTER", node("a", "MODEL"), methods=["TRANSFORM_OUTPUT"])
    assert await serve(graph, {"r": PickAndAdd(-2), "a": Add(10)}).values([[1]]) == [[6]]


async def test_a_router_may_combine_what_it_sent_to_all(serve: Any):
    class PickAndSum(Pick, Sum): ...

    graph = node("r", None, node("a", "MODEL"), node("b", "MODEL"), methods=["ROUTE", "AGGREGATE"])
    assert await serve(graph, {"r": PickAndSum(-1), "a": Add(10), "b": Add(20)}).values([[1]]) == [[32]]
    assert await serve(graph, {"r": PickAndSum(1), "a": Add(10), "b": Add(20)}).values([[1]]) == [[21]]


async def test_methods_add_steps_to_a_type(serve: Any):
    graph = node("c", "COMBINER", node("a", "MODEL"), node("b", "MODEL"), methods=["TRANSFORM_INPUT"])
    graph["methods"].append("TRANSFORM_OUTPUT")

    class All(Sum):
        def transform_input(self, X: Any, names: Any) -> Any:
            return X * 10

        def transform_output(self, X: Any, names: Any) -> Any:
            return -X

    bench = serve(graph, {"c": All(), "a": Add(1), "b": Add(2)})
    assert await bench.values([[1]]) == [[-23]]
    assert bench.events.nodes == [
        ("c", "/transform-input", "200"),
        ("a", "/predict", "200"),
        ("b", "/predict", "200"),
        ("c", "/aggregate", "200"),
        ("c", "/transform-output", "200"),
    ]


async def test_a_model_that_also_transforms_input_only_transforms(serve: Any):
    class Both(Add):
        def transform_input(self, X: Any, names: Any) -> Any:
            return X - 1

    bench = serve(node("m", "MODEL", methods=["TRANSFORM_INPUT"]), {"m": Both(100)})
    assert await bench.values([[1]]) == [[0]]
    assert bench.events.nodes == [("m", "/transform-input", "200")]


async def test_an_unknown_type_without_methods_echoes(serve: Any):
    bench = serve(node("u", "UNKNOWN_TYPE"), {"u": Add(1)})
    answer = await bench.ask([[1]])
    assert (answer.value.tolist(), answer.names, bench.events.nodes) == ([[1]], ["request"], [])


async def test_a_transformer_without_the_method_passes_rows_on(serve: Any):
    bench = serve(node("t", "TRANSFORMER", node("m", "MODEL")), {"t": object(), "m": Add(1)})
    assert await bench.values([[1]]) == [[2]]


async def test_async_methods_are_awaited(serve: Any):
    class Async:
        async def transform_input(self, X: Any, names: Any) -> Any:
            await asyncio.sleep(0)
            return X + 1

        async def route(self, X: Any, names: Any, meta: Any) -> Any:
            return 1

        async def aggregate(self, Xs: Any, names: Any) -> Any:
            return Xs[0] * 2

        async def predict(self, X: Any, names: Any) -> Any:
            return X + 10

        async def transform_output(self, X: Any, names: Any) -> Any:
            return -X

    methods = ["TRANSFORM_INPUT", "ROUTE", "AGGREGATE", "TRANSFORM_OUTPUT"]
    graph = node("n", "UNKNOWN_TYPE", node("a", "MODEL"), node("b", "MODEL"), methods=methods)
    assert await serve(graph, {"n": Async(), "a": Add(1000), "b": Async()}).values([[1]]) == [[-24]]


async def test_meta_is_given_to_those_who_ask_for_it(serve: Any):
    class Asks:
        seen: Any = None

        def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
            self.seen = (names, meta)
            return X

    asks = Asks()
    meta = Meta(puid="p1", tags={"who": "me"}, routing={"old": 1})
    await serve(node("m", "MODEL"), {"m": asks}).send(Message("ndarray", np.array([[1]]), ["request"], meta))
    assert asks.seen == (["request"], {"puid": "p1", "tags": {"who": "me"}, "routing": {"old": 1}})


async def test_graphs_nest(serve: Any):
    graph = node(
        "o",
        "OUTPUT_TRANSFORMER",
        node(
            "t",
            "TRANSFORMER",
            node("r", "ROUTER", node("x", "MODEL"), node("c", "COMBINER", node("a", "MODEL"), node("b", "MODEL"))),
        ),
    )
    parts = {"o": Times(-1), "t": Add(1), "r": Pick(1), "x": Add(0), "c": Sum(), "a": Times(10), "b": Times(100)}
    bench = serve(graph, parts)
    assert await bench.values([[1]]) == [[-220]]
    assert [name for name, _, _ in bench.events.nodes] == ["t", "r", "a", "b", "c", "o"]


@pytest.mark.parametrize(
    ("unit", "methods"),
    [
        ({}, ["predict"]),
        ({"type": "MODEL"}, ["predict"]),
        ({"type": "ROUTER"}, ["route"]),
        ({"type": "COMBINER"}, ["aggregate"]),
        ({"type": "TRANSFORMER"}, []),
        ({"type": "OUTPUT_TRANSFORMER"}, []),
        ({"implementation": "RANDOM_ABTEST"}, []),
        ({"type": "UNKNOWN_TYPE", "methods": ["ROUTE"]}, ["route"]),
        ({"methods": ["AGGREGATE"]}, ["aggregate"]),
        ({"methods": ["TRANSFORM_INPUT"]}, []),
        ({"type": "MODEL", "methods": ["TRANSFORM_INPUT"]}, []),
    ],
)
def test_needed_methods_are_those_without_a_default(unit: dict[str, Any], methods: list[str]):
    assert needed_methods(PredictiveUnit.model_validate({"name": "n", **unit})) == methods


def test_a_class_that_cannot_do_its_nodes_work_is_refused_at_load():
    unit = PredictiveUnit.model_validate({"name": "r", "type": "ROUTER"})
    with pytest.raises(ComponentMismatch, match="^node 'r': Add has no route$"):
        read(Add(1), "r", needed_methods(unit))
