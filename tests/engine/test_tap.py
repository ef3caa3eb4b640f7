"""A detector's node: the tap sees the rows, its tags are on the answers, and rows pass unchanged."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from servegraph.errors import InvalidPayload
from servegraph.payload import Message


class Tap:
    def __init__(self, **tags: Any) -> None:
        self.seen: list[tuple[list[Any], list[str]]] = []
        self._tags = tags

    def see(self, rows: Any, names: Sequence[str]) -> None:
        self.seen.append((rows.tolist(), list(names)))

    def tags(self) -> Mapping[str, Any]:
        return self._tags


class Echo:
    def predict(self, X: Any, names: Any) -> Any:
        return X

    def transform_input(self, X: Any, names: Any) -> Any:
        return X * 10


class Passes:
    """A detector: nothing to do in the graph."""


GRAPH = {
    "name": "scale",
    "type": "TRANSFORMER",
    "children": [{"name": "drift", "type": "TRANSFORMER", "children": [{"name": "m", "type": "MODEL"}]}],
}
PARTS = {"scale": Echo(), "drift": Passes(), "m": Echo()}


async def test_the_tap_sees_the_rows_that_reach_its_node(serve: Any):
    tap = Tap()
    bench = serve(GRAPH, PARTS, taps={"drift": tap})
    assert await bench.values([[1, 2], [3, 4]]) == [[10, 20], [30, 40]]
    assert tap.seen == [([[10, 20], [30, 40]], ["t:0", "t:1"])]


async def test_tags_of_the_tap_are_on_the_answer(serve: Any):
    bench = serve(GRAPH, PARTS, taps={"drift": Tap(drift="drift")})
    assert (await bench.ask([[1]], tags={"client": 1})).meta.tags == {"client": 1, "drift": "drift"}


async def test_a_tap_without_tags_leaves_the_answer_alone(serve: Any):
    assert (await serve(GRAPH, PARTS, taps={"drift": Tap()}).ask([[1]])).meta.tags == {}


async def test_other_kinds_of_data_pass_unseen_and_are_tagged(serve: Any):
    tap = Tap(drift="drift")
    graph = {"name": "drift", "type": "TRANSFORMER", "children": [{"name": "m", "type": "MODEL"}]}
    bench = serve(graph, {"drift": Passes(), "m": Echo()}, taps={"drift": tap})
    answer = await bench.send(Message("strData", "x"))
    assert (answer.value, answer.meta.tags, tap.seen) == ("x", {"drift": "drift"}, [])


async def test_rows_that_do_not_fit_are_not_seen(serve: Any):
    tap = Tap()
    bench = serve(GRAPH, PARTS, taps={"drift": tap}, widths={"drift": 2})
    with pytest.raises(InvalidPayload, match=r"^node 'drift' takes rows of 2 numbers, got an array of 1 x 3$"):
        await bench.ask([[1, 2, 3]])
    assert tap.seen == []


async def test_the_tap_sees_floats_when_the_node_expects_them(serve: Any):
    tap = Tap()
    await serve(GRAPH, PARTS, taps={"drift": tap}, widths={"drift": 2}).ask(np.array([[1, 2]]))
    assert tap.seen == [([[10.0, 20.0]], ["t:0", "t:1"])]
