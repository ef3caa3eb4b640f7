"""Which way a request took: the routing map, A/B tests, and routers that choose no child."""

import random
from typing import Any

import pytest

from servegraph.errors import InvalidRoute, UnitFailed


class Echo:
    def predict(self, X: Any, names: Any) -> Any:
        return X

    transform_input = predict
    transform_output = predict

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[0]


class Pick:
    def __init__(self, branch: Any) -> None:
        self.branch = branch

    def route(self, X: Any, names: Any) -> Any:
        return self.branch


ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]
ROUTER = {"name": "r", "type": "ROUTER", "children": ARMS}


def ab_test(**more: Any) -> dict[str, Any]:
    return {"name": "ab", "implementation": "RANDOM_ABTEST", "children": ARMS, **more}


async def test_the_map_names_every_node_that_was_called_or_fanned_out(serve: Any):
    graph = {
        "name": "o",
        "type": "OUTPUT_TRANSFORMER",
        "children": [
            {
                "name": "t",
                "type": "TRANSFORMER",
                "children": [
                    {
                        "name": "r",
                        "type": "ROUTER",
                        "children": [
                            {"name": "x", "type": "MODEL"},
                            {"name": "c", "type": "COMBINER", "children": ARMS},
                        ],
                    }
                ],
            }
        ],
    }
    echoes = dict.fromkeys("otxcab", Echo())
    answer = await serve(graph, {**echoes, "r": Pick(1)}).ask([[1]])
    assert answer.meta.routing == {"t": -1, "o": -1, "r": 1, "a": -1, "b": -1, "c": -1}
    answer = await serve(graph, {**echoes, "r": Pick(0)}).ask([[1]])
    assert answer.meta.routing == {"t": -1, "o": -1, "r": 0, "x": -1}


@pytest.mark.parametrize(
    ("branch", "routing"),
    [(-2, {"r": -2}), (-1, {"r": -1, "a": -1, "b": -1}), (0, {"r": 0, "a": -1}), (1, {"r": 1, "b": -1})],
)
async def test_the_map_keeps_what_the_router_said(serve: Any, branch: int, routing: dict[str, int]):
    answer = await serve(ROUTER, {"r": Pick(branch), "a": Echo(), "b": Echo()}).ask([[1]])
    assert answer.meta.routing == routing


async def test_a_leaf_that_passes_through_is_not_in_the_map(serve: Any):
    answer = await serve({"name": "u", "type": "UNKNOWN_TYPE"}, {"u": Echo()}).ask([[1]])
    assert answer.meta.routing == {}


async def test_without_routing_injection_answers_carry_no_map(serve: Any):
    bench = serve(ROUTER, {"r": Pick(1), "a": Echo(), "b": Echo()}, routing=False)
    answer = await bench.ask([[1]], routing={"from the client": 1})
    assert answer.meta.routing == {}
    assert bench.events.routes == [("r", 1)]


async def test_the_clients_routing_is_not_mixed_in(serve: Any):
    answer = await serve({"name": "m"}, {"m": Echo()}).ask([[1]], routing={"from the client": 1})
    assert answer.meta.routing == {"m": -1}


async def test_several_routers_are_all_told_of(serve: Any):
    inner = {"name": "inner", "type": "ROUTER", "children": ARMS}
    graph = {"name": "outer", "type": "ROUTER", "children": [inner, {"name": "x"}]}
    bench = serve(graph, {"outer": Pick(0), "inner": Pick(1), "a": Echo(), "b": Echo(), "x": Echo()})
    await bench.ask([[1]])
    assert sorted(bench.events.routes) == [("inner", 1), ("outer", 0)]


@pytest.mark.parametrize("branch", [2, -3, 100])
async def test_a_router_that_names_no_child_fails(serve: Any, branch: int):
    bench = serve(ROUTER, {"r": Pick(branch), "a": Echo(), "b": Echo()})
    with pytest.raises(InvalidRoute) as caught:
        await bench.ask([[1]])
    assert str(caught.value) == f"r.route: chose child {branch} of 2"
    assert (caught.value.unit, caught.value.method) == ("r", "route")
    assert bench.events.routes == []


@pytest.mark.parametrize(
    ("branch", "text"),
    [("a", "a"), (None, "None"), (1.0, "1.0"), ([1], "[1]")],
)
async def test_a_router_that_answers_with_no_integer_fails(serve: Any, branch: object, text: str):
    with pytest.raises(UnitFailed) as caught:
        await serve(ROUTER, {"r": Pick(branch), "a": Echo(), "b": Echo()}).ask([[1]])
    assert str(caught.value) == f"r.route: Routing response must be int but got {text}"
    assert (caught.value.status, caught.value.reason) == (400, "MICROSERVICE_BAD_DATA")


async def test_an_ab_test_splits_by_its_ratio(serve: Any):
    random.seed(8)
    parameters = [{"name": "ratioA", "value": "0.8", "type": "FLOAT"}]
    bench = serve(ab_test(parameters=parameters), {"a": Echo(), "b": Echo()})
    for _ in range(2000):
        await bench.ask([[1]])
    share = sum(1 for route in bench.events.routes if route == ("ab", 0)) / 2000
    assert 0.77 < share < 0.83
    assert {route for route in bench.events.routes} == {("ab", 0), ("ab", 1)}


async def test_an_ab_test_without_a_ratio_splits_evenly(serve: Any):
    random.seed(8)
    bench = serve(ab_test(), {"a": Echo(), "b": Echo()})
    for _ in range(2000):
        await bench.ask([[1]])
    assert 0.46 < bench.events.routes.count(("ab", 0)) / 2000 < 0.54


@pytest.mark.parametrize(("ratio", "branch"), [("1", 0), ("0", 1)])
async def test_ratios_of_one_and_zero_never_stray(serve: Any, ratio: str, branch: int):
    parameters = [{"name": "ratioA", "value": ratio, "type": "FLOAT"}]
    bench = serve(ab_test(parameters=parameters), {"a": Echo(), "b": Echo()})
    for _ in range(200):
        await bench.ask([[1]])
    assert bench.events.routes == [("ab", branch)] * 200


async def test_an_ab_test_is_in_the_map_but_not_in_the_request_path(serve: Any):
    parameters = [{"name": "ratioA", "value": "0", "type": "FLOAT"}]
    answer = await serve(ab_test(parameters=parameters), {"a": Echo(), "b": Echo()}).ask([[1]])
    assert answer.meta.routing == {"ab": 1, "b": -1}
    assert answer.meta.request_path == {"b": "image:1"}
