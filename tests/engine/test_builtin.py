"""The nodes that need no component."""

import random
from typing import Any

import numpy as np
import pytest
from tests.engine.units import Says, answer_to, answer_to_feedback, engine_of

from servegraph.engine import Context
from servegraph.errors import InvalidRoute, UnitFailed
from servegraph.payload import Message, Meta

ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]
HALF = {"name": "ratioA", "value": "0", "type": "FLOAT"}


class Answers:
    def __init__(self, value: Any, **tags: Any) -> None:
        self.value = value
        self.own_tags = tags

    def predict(self, X: Any, names: Any) -> Any:
        return self.value

    def tags(self) -> Any:
        return self.own_tags


def built_in(implementation: str, **more: Any) -> dict[str, Any]:
    return {"name": "n", "implementation": implementation, **more}


@pytest.mark.parametrize("kind", [None, "MODEL"])
async def test_a_simple_model_answers_with_three_numbers(serve: Any, kind: str | None):
    bench = serve(built_in("SIMPLE_MODEL", type=kind), {})
    answer = await bench.send(Message("strData", "anything", meta=Meta(puid="p", tags={"client": 1})))
    assert (answer.kind, answer.value.tolist()) == ("tensor", [[0.1, 0.9, 0.5]])
    assert answer.names == ["class0", "class1", "class2"]
    assert answer.meta == Meta(puid="p", routing={"n": -1})


@pytest.mark.parametrize("kind", [None, "ROUTER"])
async def test_a_simple_router_asks_the_first_child(serve: Any, kind: str | None):
    bench = serve(built_in("SIMPLE_ROUTER", type=kind, children=ARMS), {"a": Answers([1]), "b": Answers([2])})
    assert [await bench.values([[1]]) for _ in range(3)] == [[1], [1], [1]]
    assert bench.events.routes == [("n", 0)] * 3


@pytest.mark.parametrize("kind", [None, "COMBINER"])
async def test_an_average_combiner_answers_with_the_mean(serve: Any, kind: str | None):
    parts = {
        "a": Answers(np.array([[1, 2], [3, 4]]), who="a"),
        "b": Answers(np.array([[3.0, 2.0], [1.0, -4.0]]), who="b"),
    }
    answer = await serve(built_in("AVERAGE_COMBINER", type=kind, children=ARMS), parts).ask([[1]], puid="p")
    assert (answer.kind, answer.value.tolist(), answer.names) == ("ndarray", [[2, 2], [2, 0]], ["t:0", "t:1"])
    assert answer.meta.tags == {"who": "b"}
    assert answer.meta.request_path == {"a": "image:1", "b": "image:1"}
    assert answer.meta.routing == {"n": -1, "a": -1, "b": -1}


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (
            (np.zeros((1, 2)), np.zeros((1, 3))),
            "the children answered with arrays of different shapes: [(1, 2), (1, 3)]",
        ),
        ((np.zeros((1, 2)), "x"), "every child must answer with numbers"),
        ((np.zeros((1, 2)), ["x", "y"]), "every child must answer with numbers"),
    ],
)
async def test_what_has_no_mean_is_refused(serve: Any, answers: tuple[Any, Any], text: str):
    parts = dict(zip("ab", map(Answers, answers), strict=True))
    with pytest.raises(UnitFailed) as caught:
        await serve(built_in("AVERAGE_COMBINER", children=ARMS), parts).ask([[1]])
    assert str(caught.value) == f"n.aggregate: AVERAGE_COMBINER: {text}"
    assert (caught.value.status, caught.value.reason) == (400, "MICROSERVICE_BAD_DATA")


@pytest.mark.parametrize(
    "parameters", [[HALF, HALF], [HALF, {"name": "seed", "value": "1"}], [{"name": "ratioB", "value": "0"}]]
)
async def test_a_ratio_counts_only_as_the_sole_parameter(serve: Any, parameters: Any):
    random.seed(8)
    bench = serve(
        built_in("RANDOM_ABTEST", children=ARMS, parameters=parameters), {"a": Answers([1]), "b": Answers([2])}
    )
    for _ in range(400):
        await bench.ask([[1]])
    assert 160 < bench.events.routes.count(("n", 0)) < 240


async def test_a_ratio_that_is_no_number_is_told_as_go_tells_it():
    graph = built_in("RANDOM_ABTEST", children=ARMS, parameters=[{"name": "ratioA", "value": "half"}])
    with pytest.raises(InvalidRoute) as caught:
        await answer_to(engine_of(graph, {"a": Says(), "b": Says()}), b"{}")
    assert str(caught.value) == 'n.route: strconv.ParseFloat: parsing "half": invalid syntax'


async def test_an_ab_test_with_one_child_cannot_choose_the_second():
    engine = engine_of(built_in("RANDOM_ABTEST", children=ARMS[:1], parameters=[HALF]), {"a": Says()})
    with pytest.raises(InvalidRoute, match="^n.route: chose child 1 of 1$"):
        await answer_to(engine, b"{}")


@pytest.mark.parametrize("implementation", ["SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"])
async def test_a_node_with_an_address_is_never_built_in(implementation: str):
    """Its component decides, and its type says what it is asked."""
    graph = built_in(implementation, type="MODEL", endpoint={"service_host": "127.0.0.1", "service_port": 9000})
    component = Says(b'{"strData":"component"}')
    assert await answer_to(engine_of(graph, {"n": component}), b"{}") == b'{"strData":"component"}'
    assert component.got == [b"{}"]


@pytest.mark.parametrize("implementation", ["SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"])
async def test_feedback_to_a_built_in_root_comes_back(implementation: str):
    children = {"a": Says(), "b": Says()}
    engine = engine_of(built_in(implementation, children=ARMS), children)
    assert await answer_to_feedback(engine, b'{ "reward": 1 }') == b'{ "reward": 1 }'
    assert [child.got for child in children.values()] == [[b'{ "reward": 1 }'], [b'{ "reward": 1 }']]


async def test_a_built_in_node_answers_for_itself():
    engine = engine_of(built_in("SIMPLE_ROUTER", type="ROUTER", children=ARMS), {"a": Says(), "b": Says()})
    assert (await engine.health("n", Context("p"))).value().value == "healthy"
    assert (await engine.metadata("n", Context("p")))["name"] == "n"
    assert await answer_to_feedback(engine, b'{"reward": 1}') == b'{"meta":{}}\n'
