"""Feedback finds its prediction by puid and goes the way that prediction went."""

from typing import Any

import numpy as np
import pytest
from tests.engine.units import Says, answer_to_feedback, engine_of

from servegraph.engine import Context
from servegraph.errors import InvalidPayload, InvalidRoute, UnitFailed, UnknownPuid
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import FEEDBACK
from servegraph.shared import Ledger


class Hears:
    """Any node; remembers the feedback it gets."""

    def __init__(self, branch: int = 0) -> None:
        self.branch = branch
        self.heard: list[tuple[Any, ...]] = []

    def predict(self, X: Any, names: Any) -> Any:
        return X

    transform_input = predict
    transform_output = predict

    def route(self, X: Any, names: Any) -> Any:
        return self.branch

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[0]

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        self.heard.append((reward, routing))


ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]
ROUTER = {"name": "r", "type": "ROUTER", "children": ARMS}


def heard(parts: dict[str, Hears]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: part.heard for name, part in parts.items()}


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        (0, {"r": [(0.5, 0)], "a": [(0.5, -1)], "b": []}),
        (1, {"r": [(0.5, 1)], "a": [], "b": [(0.5, -1)]}),
        (-1, {"r": [(0.5, -1)], "a": [(0.5, -1)], "b": [(0.5, -1)]}),
        (-2, {"r": [(0.5, -2)], "a": [], "b": []}),
    ],
)
async def test_router_and_chosen_models_hear_it_and_no_other(serve: Any, branch: int, expected: Any):
    parts = {"r": Hears(branch), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p", 0.5)
    assert heard(parts) == expected


async def test_the_recorded_way_counts_even_when_the_router_has_changed_its_mind(serve: Any):
    parts = {"r": Hears(1), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.ask([[1]], puid="p")
    parts["r"].branch = 0
    message = Message(meta=Meta(puid="p", routing={"r": 0}))
    await bench.send_feedback(Feedback(Message(), message, Message(), 1.0))
    assert heard(parts) == {"r": [(1.0, 1)], "a": [], "b": [(1.0, -1)]}


async def test_transformers_and_combiners_hear_nothing_unless_methods_say_so(serve: Any):
    combiner = {"name": "c", "type": "COMBINER", "children": ARMS}
    transformer = {"name": "t", "type": "TRANSFORMER", "children": [combiner]}
    graph = {"name": "o", "type": "OUTPUT_TRANSFORMER", "children": [transformer]}
    parts = {name: Hears() for name in "otcab"}
    bench = serve(graph, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p")
    assert [name for name, part in parts.items() if part.heard] == ["a", "b"]

    combiner["methods"] = transformer["methods"] = graph["methods"] = ["SEND_FEEDBACK"]
    parts = {name: Hears() for name in "otcab"}
    bench = serve(graph, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p")
    assert [name for name, part in parts.items() if part.heard] == ["o", "t", "c", "a", "b"]


async def test_an_ab_test_sends_it_to_the_arm_that_answered(serve: Any):
    graph = {
        "name": "ab",
        "implementation": "RANDOM_ABTEST",
        "parameters": [{"name": "ratioA", "value": "0", "type": "FLOAT"}],
        "children": ARMS,
    }
    parts = {"a": Hears(), "b": Hears()}
    bench = serve(graph, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p")
    assert heard(parts) == {"a": [], "b": [(1.0, -1)]}


async def test_children_hear_it_before_their_parent(serve: Any):
    order: list[str] = []

    class Notes(Hears):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        async def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            order.append(self.name)

    bench = serve(ROUTER, {name: Notes(name) for name in "rab"})
    await bench.ask([[1]], puid="p")
    await bench.reward("p")
    assert order == ["a", "r"]
    assert bench.events.nodes[-2:] == [("a", "/send-feedback", "200"), ("r", "/send-feedback", "200")]


async def test_components_get_features_names_reward_and_truth(serve: Any):
    class Keeps(Hears):
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            self.got = (X.tolist(), names, reward, truth.tolist(), routing)

    part = Keeps()
    bench = serve({"name": "m"}, {"m": part})
    await bench.ask([[1]], puid="p")
    await bench.reward("p", 0.25, rows=[[1, 2]], truth=[1])
    assert part.got == ([[1, 2]], ["request"], 0.25, [1], -1)


async def test_without_request_or_truth_components_get_empty_arrays(serve: Any):
    """As from Seldon's wrapper: code may ask them for their shape."""

    class Keeps(Hears):
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            self.got = (X, names, truth)

    part = Keeps()
    bench = serve({"name": "m"}, {"m": part})
    await bench.ask([[1]], puid="p")
    await bench.reward("p")
    features, names, truth = part.got
    assert (np.shape(features), names, np.shape(truth)) == ((0,), [], (0,))


async def test_joined_feedback_is_counted_by_arm_and_answered_by_the_root(serve: Any):
    class Thanks(Hears):
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            return {"branch": routing}

    bench = serve(ROUTER, {"r": Thanks(1), "a": Hears(), "b": Hears()}, routing=False)
    await bench.ask([[1]], puid="p")
    assert await bench.reward("p", 0.5) == {"jsonData": {"branch": 1.0}, "meta": {"requestPath": {"r": "image:1"}}}
    assert bench.events.rewards == [("joined", {"r": 1}, 0.5)]


async def test_where_the_root_hears_nothing_the_answer_is_the_feedback_with_its_routing(serve: Any):
    graph = {"name": "t", "type": "TRANSFORMER", "children": ARMS[:1]}
    bench = serve(graph, {"t": Hears(), "a": Hears()})
    await bench.ask([[1]], puid="p")
    assert await bench.reward("p", 0.5) == {
        "request": {"meta": {}},
        "response": {"meta": {"puid": "p", "routing": {"t": -1, "a": -1}}},
        "reward": 0.5,
        "truth": {"meta": {}},
    }


async def test_a_class_without_the_method_answers_nothing(serve: Any):
    class Silent:
        def predict(self, X: Any, names: Any) -> Any:
            return X

    bench = serve({"name": "m"}, {"m": Silent()})
    await bench.ask([[1]], puid="p")
    assert await bench.reward("p") == {
        "data": {"tensor": {"shape": [0]}},
        "meta": {"requestPath": {"m": "image:1"}},
    }
    assert bench.events.nodes[-1] == ("m", "/send-feedback", "200")


async def test_zero_reward_is_joined_like_any_other(serve: Any):
    parts = {"r": Hears(1), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p", 0.0)
    assert bench.events.rewards == [("joined", {"r": 1}, 0.0)]
    assert heard(parts) == {"r": [(0.0, 1)], "a": [], "b": [(0.0, -1)]}


async def test_a_duplicate_is_counted_answered_and_not_delivered(serve: Any):
    parts = {"r": Hears(1), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p", 0.0)
    assert await bench.reward("p", 1.0) == {
        "request": {"meta": {}},
        "response": {"meta": {"puid": "p"}},
        "reward": 1.0,
        "truth": {"meta": {}},
    }
    assert bench.events.rewards == [("joined", {"r": 1}, 0.0), ("duplicate", {}, 1.0)]
    assert parts["b"].heard == [(0.0, -1)]


async def test_an_unknown_puid_is_counted_and_refused(serve: Any):
    bench = serve({"name": "m"}, {"m": Hears()})
    with pytest.raises(UnknownPuid) as caught:
        await bench.reward("never")
    assert str(caught.value) == "no prediction with puid 'never' is on record"
    assert caught.value.hint == "it is too old, or from elsewhere"
    assert bench.events.rewards == [("unknown", {}, 1.0)]


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ({}, {"r": [(0.5, None)], "a": [(0.5, None)], "b": [(0.5, None)]}),
        ({"r": 0}, {"r": [(0.5, 0)], "a": [(0.5, None)], "b": []}),
        ({"r": 1, "b": -1}, {"r": [(0.5, 1)], "a": [], "b": [(0.5, -1)]}),
        ({"r": -1}, {"r": [(0.5, -1)], "a": [(0.5, None)], "b": [(0.5, None)]}),
        ({"r": -2}, {"r": [(0.5, -2)], "a": [], "b": []}),
        ({"another": 1}, {"r": [(0.5, None)], "a": [(0.5, None)], "b": [(0.5, None)]}),
    ],
)
async def test_feedback_without_a_puid_goes_where_it_says_itself(serve: Any, claimed: dict[str, int], expected: Any):
    parts = {"r": Hears(), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.send_feedback(Feedback(Message(), Message(meta=Meta(routing=claimed)), Message(), 0.5))
    assert heard(parts) == expected
    assert bench.events.rewards == [("unnamed", {}, 0.5)]


@pytest.mark.parametrize("branch", [2, -3])
async def test_feedback_that_names_no_child_is_refused(serve: Any, branch: int):
    parts = {"r": Hears(), "a": Hears(), "b": Hears()}
    bench = serve(ROUTER, parts)
    with pytest.raises(InvalidRoute, match=rf"^r\.route: chose child {branch} of 2$"):
        await bench.send_feedback(Feedback(Message(), Message(meta=Meta(routing={"r": branch})), Message(), 0.5))
    assert heard(parts) == {"r": [], "a": [], "b": []}


@pytest.mark.parametrize(
    ("body", "heard_by"),
    [
        (b'{"reward": 1}', "rab"),
        (b'{"response": {"meta": {"routing": {"r": 1}}}}', "rb"),
        (b'{"response": {"meta": {"routing": {"r": -2}}}}', "r"),
        (b'{"response": {"meta": {"routing": {"r": "x"}}}}', "rab"),
        (b"no json", "rab"),
        (b"", "rab"),
    ],
)
async def test_the_executor_passes_feedback_on_as_it_came(body: bytes, heard_by: str):
    """What it cannot read says nothing of a way, so all nodes hear it; they may know better."""
    parts = {name: Says(b'{"strData":"thanks"}') for name in "rab"}
    assert await answer_to_feedback(engine_of(ROUTER, parts), body) == b'{"strData":"thanks"}'
    assert [name for name, part in parts.items() if part.got == [body]] == list(heard_by)


async def test_one_node_cannot_change_what_the_others_hear(serve: Any):
    class InPlace(Hears):
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            self.heard.append((X.tolist(), truth.tolist()))
            X += 100
            truth += 100

    parts = {"r": InPlace(), "a": InPlace(), "b": Hears()}
    bench = serve(ROUTER, parts)
    await bench.ask([[1]], puid="p")
    await bench.reward("p", rows=[[1]], truth=[2])
    assert parts["r"].heard == parts["a"].heard == [([[1]], [2])]


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), float("-inf")])
async def test_a_reward_that_is_not_finite_is_counted_refused_and_may_be_corrected(serve: Any, reward: float):
    part = Hears()
    bench = serve({"name": "m"}, {"m": part})
    await bench.ask([[1]], puid="p")
    with pytest.raises(InvalidPayload, match="^reward must be a finite number$"):
        await bench.reward("p", reward)
    await bench.reward("p", 1.0)
    assert bench.events.rewards == [("invalid", {}, 0.0), ("joined", {}, 1.0)]
    assert part.heard == [(1.0, -1)]


async def test_the_puid_may_be_the_requests(serve: Any):
    bench = serve({"name": "m"}, {"m": Hears()})
    await bench.ask([[1]], puid="p")
    answer = await bench.send_feedback(Feedback(Message(meta=Meta(puid="p")), Message(), Message(), 1.0))
    assert answer["meta"]["puid"] == "p"
    assert bench.events.rewards == [("joined", {}, 1.0)]


async def test_a_failed_prediction_is_not_on_record(serve: Any):
    class Fails(Hears):
        def predict(self, X: Any, names: Any) -> Any:
            raise RuntimeError("no")

    bench = serve({"name": "m"}, {"m": Fails()})
    with pytest.raises(UnitFailed):
        await bench.ask([[1]], puid="p")
    with pytest.raises(UnknownPuid):
        await bench.reward("p")


async def test_a_component_that_fails_on_feedback_is_named(serve: Any):
    class Fails(Hears):
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
            raise RuntimeError("no")

    bench = serve({"name": "m"}, {"m": Fails()})
    await bench.ask([[1]], puid="p")
    with pytest.raises(UnitFailed, match=r"^m\.send_feedback: no$"):
        await bench.reward("p")
    assert bench.events.nodes[-1] == ("m", "/send-feedback", "500")


async def test_the_oldest_predictions_are_forgotten(serve: Any):
    bench = serve({"name": "m"}, {"m": Hears()}, capacity=2)
    for puid in ("one", "two", "three"):
        await bench.ask([[1]], puid=puid)
    with pytest.raises(UnknownPuid):
        await bench.reward("one")
    await bench.reward("two")
    await bench.reward("three")


def test_the_ledger_forgets_the_oldest():
    ledger = Ledger(capacity=2)
    for puid in ("one", "two", "three"):
        ledger.record(puid, {"m": -1})
    found = {puid: ledger.find(puid) is not None for puid in ("one", "two", "three")}
    assert found == {"one": False, "two": True, "three": True}


def test_a_puid_that_is_used_again_is_young_again():
    ledger = Ledger(capacity=2)
    for puid in ("one", "two", "one", "three"):
        ledger.record(puid, {"m": -1})
    found = {puid: ledger.find(puid) is not None for puid in ("one", "two", "three")}
    assert found == {"one": True, "two": False, "three": True}


async def test_feedback_that_cannot_be_read_is_counted(serve: Any):
    bench = serve({"name": "m"}, {"m": Hears()})
    body = Text(b'{"reward": "x"}')
    with pytest.raises(InvalidPayload):
        await bench.engine.send_feedback(Envelope(FEEDBACK, "rest", text=body), Context("p"))
    assert bench.events.rewards == [("invalid", {}, 0.0)]
