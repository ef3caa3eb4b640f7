"""`meta` of answers: identity, tags, metrics, request path, and the versions that answered."""

import re
from typing import Any

import numpy as np
import pytest

from servegraph.engine.puid import new_puid
from servegraph.errors import UnitFailed
from servegraph.payload import Message, Meta

COUNTER = {"key": "calls", "type": "COUNTER", "value": 1}
GAUGE = {"key": "level", "type": "GAUGE", "value": 2.5}
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Echo:
    def predict(self, X: Any, names: Any) -> Any:
        return X

    transform_input = predict
    transform_output = predict

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[0]


class Tagged(Echo):
    """Says what it is told to in tags and metrics."""

    def __init__(self, tags: Any = None, metrics: Any = ()) -> None:
        self._tags = tags
        self._metrics = list(metrics)

    def tags(self) -> Any:
        return self._tags

    def metrics(self) -> Any:
        return self._metrics


ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]
CHAIN = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "m", "type": "MODEL"}]}
ENSEMBLE = {"name": "c", "type": "COMBINER", "children": ARMS}


async def test_the_puid_of_the_message_is_kept(serve: Any):
    answer = await serve(CHAIN, {"t": Echo(), "m": Echo()}).send(
        Message("ndarray", np.array([[1]]), meta=Meta(puid="mine")), "front's"
    )
    assert answer.meta.puid == "mine"


async def test_without_one_the_fronts_puid_is_taken(serve: Any):
    assert (await serve(CHAIN, {"t": Echo(), "m": Echo()}).send(Message("strData", "x"), "f")).meta.puid == "f"


async def test_without_any_a_random_puid_is_made(serve: Any):
    bench = serve(CHAIN, {"t": Echo(), "m": Echo()})
    first, second = [(await bench.ask([[1]])).meta.puid for _ in range(2)]
    assert UUID4.fullmatch(first)
    assert UUID4.fullmatch(second)
    assert first != second


def test_a_puid_is_a_uuid_of_version_4():
    assert UUID4.fullmatch(new_puid())


async def test_tags_of_client_and_components_are_merged_and_later_ones_win(serve: Any):
    parts = {"t": Tagged({"from": "t", "t": 1}), "m": Tagged({"from": "m", "m": [2]})}
    answer = await serve(CHAIN, parts).ask([[1]], tags={"from": "client", "client": True})
    assert answer.meta.tags == {"from": "m", "client": True, "t": 1, "m": [2]}


async def test_tags_of_branches_are_merged_in_order(serve: Any):
    parts = {"c": Tagged({"c": 0}), "a": Tagged({"who": "a", "a": 1}), "b": Tagged({"who": "b", "b": 2})}
    answer = await serve(ENSEMBLE, parts).ask([[1]], tags={"client": True})
    assert answer.meta.tags == {"client": True, "who": "b", "a": 1, "b": 2, "c": 0}


async def test_metrics_are_appended(serve: Any):
    parts = {"t": Tagged(metrics=[COUNTER]), "m": Tagged(metrics=[GAUGE])}
    answer = await serve(CHAIN, parts).ask([[1]])
    assert answer.meta.metrics == [COUNTER, GAUGE]
    parts = {"c": Tagged(metrics=[COUNTER]), "a": Tagged(metrics=[GAUGE]), "b": Tagged(metrics=[COUNTER])}
    assert (await serve(ENSEMBLE, parts).ask([[1]])).meta.metrics == [GAUGE, COUNTER, COUNTER]


async def test_a_component_cannot_change_the_tags_of_the_other_branch(serve: Any):
    class Meddles(Echo):
        def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
            meta["tags"]["client"] = "changed"
            return X

    answer = await serve(ENSEMBLE, {"c": Echo(), "a": Meddles(), "b": Echo()}).ask([[1]], tags={"client": True})
    assert answer.meta.tags == {"client": True}


async def test_the_request_path_names_every_component_and_its_image(serve: Any):
    answer = await serve(ENSEMBLE, dict.fromkeys("cab", Echo()), image="repo/x:7").ask([[1]])
    assert answer.meta.request_path == {"a": "repo/x:7", "b": "repo/x:7", "c": "repo/x:7"}


async def test_a_routers_tags_and_path_are_not_kept(serve: Any):
    class Router(Tagged):
        def route(self, X: Any, names: Any) -> Any:
            return 0

    graph = {"name": "r", "type": "ROUTER", "children": ARMS}
    answer = await serve(graph, {"r": Router({"router": 1}), "a": Echo(), "b": Echo()}).ask([[1]])
    assert (answer.meta.tags, answer.meta.request_path) == ({}, {"a": "image:1"})


async def test_an_entry_of_the_clients_request_path_is_not_overwritten(serve: Any):
    answer = await serve({"name": "m"}, {"m": Echo()}).ask([[1]], request_path={"m": "client", "x": "y"})
    assert answer.meta.request_path == {"m": "client", "x": "y"}


async def test_without_an_image_the_path_says_what_seldons_wrapper_says(serve: Any):
    answer = await serve({"name": "m"}, {"m": Echo()}, image="").ask([[1]])
    assert answer.meta.request_path == {"m": "NOT_IMPLEMENTED:NOT_IMPLEMENTED"}


async def test_a_tag_says_the_versions_of_those_who_answered(serve: Any):
    class Left:
        def route(self, X: Any, names: Any) -> Any:
            return 0

    graph = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "r", "type": "ROUTER", "children": ARMS}]}
    versions = {"t": "scaler/3", "a": "logistic/7", "b": "boosting/2"}
    bench = serve(graph, {"t": Echo(), "r": Left(), "a": Echo(), "b": Echo()}, versions=versions)
    answer = await bench.ask([[1]], tags={"versions": "client's", "x": 1})
    assert answer.meta.tags == {"x": 1, "versions": {"t": "scaler/3", "a": "logistic/7"}}


async def test_an_output_transformers_version_is_among_them(serve: Any):
    graph = {"name": "o", "type": "OUTPUT_TRANSFORMER", "children": [{"name": "m"}]}
    answer = await serve(graph, {"o": Echo(), "m": Echo()}, versions={"o": "out/1", "m": "m/2"}).ask([[1]])
    assert answer.meta.tags == {"versions": {"o": "out/1", "m": "m/2"}}


async def test_without_versions_there_is_no_such_tag(serve: Any):
    assert (await serve({"name": "m"}, {"m": Echo()}).ask([[1]])).meta.tags == {}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"tags": lambda self: {}["x"]}, id="tags raise"),
        pytest.param({"tags": lambda self: ["x"]}, id="tags are a list"),
        pytest.param({"metrics": lambda self: {}["x"]}, id="metrics raise"),
        pytest.param({"metrics": lambda self: 5}, id="metrics are a number"),
    ],
)
async def test_broken_tags_and_metrics_are_the_components_fault(serve: Any, broken: dict[str, Any]):
    component = type("Broken", (Echo,), broken)()
    with pytest.raises(UnitFailed) as caught:
        await serve({"name": "m"}, {"m": component}).ask([[1]])
    assert caught.value.unit == "m"
