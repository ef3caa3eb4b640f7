"""In Seldon every component gets a copy of its own, and code written for it may well work in place."""

from typing import Any

import numpy as np
import pytest

from servegraph.engine import Context
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import MESSAGE

ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]


class InPlace:
    """Changes all that it gets."""

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        if isinstance(X, dict):
            X["list"].append("changed")
        else:
            X += 100
        names.append("changed")
        meta.setdefault("tags", {})["list"] = ["changed"]
        return "done"

    def route(self, X: Any, names: Any, meta: Any = None) -> Any:
        self.predict(X, names, meta)
        return 1


class Tells:
    """Answers with all that it got."""

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        return {"X": X if isinstance(X, dict) else X.tolist(), "names": names, "tags": meta["tags"]}


class Second:
    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[1]


async def told(serve: Any, graph: dict[str, Any], parts: dict[str, Any], body: bytes, is_decoded: bool) -> Any:
    request: Envelope[Message] = Envelope(MESSAGE, "rest", text=Text(body))
    if is_decoded:
        request.value()
    answer = await serve(graph, parts).engine.predict(request, Context("p"))
    return answer.value().value


GRAPHS = {
    "combiner": ({"name": "n", "type": "COMBINER", "children": ARMS}, {"n": Second(), "a": InPlace(), "b": Tells()}),
    "router": ({"name": "n", "type": "ROUTER", "children": ARMS}, {"n": InPlace(), "a": Tells(), "b": Tells()}),
}


@pytest.mark.parametrize("is_decoded", [False, True])
@pytest.mark.parametrize("kind", GRAPHS)
async def test_one_component_cannot_change_what_the_next_gets(serve: Any, kind: str, is_decoded: bool):
    graph, parts = GRAPHS[kind]
    body = b'{"data":{"names":["x"],"ndarray":[[1]]},"meta":{"tags":{"list":[1]}}}'
    assert await told(serve, graph, parts, body, is_decoded) == {"X": [[1]], "names": ["x"], "tags": {"list": [1]}}


@pytest.mark.parametrize("is_decoded", [False, True])
@pytest.mark.parametrize("kind", GRAPHS)
async def test_nor_the_lists_inside_a_document(serve: Any, kind: str, is_decoded: bool):
    graph, parts = GRAPHS[kind]
    body = b'{"jsonData":{"list":[1]},"meta":{"tags":{"list":[1]}}}'
    assert await told(serve, graph, parts, body, is_decoded) == {"X": {"list": [1]}, "names": [], "tags": {"list": [1]}}


async def test_nor_what_a_component_above_answered_as_a_whole(serve: Any):
    class Whole:
        def transform_input_raw(self, message: Any) -> Any:
            return {"jsonData": {"list": [1]}, "meta": {"tags": {"list": [1]}}}

    graph, parts = GRAPHS["combiner"]
    above = {"name": "t", "type": "TRANSFORMER", "children": [graph]}
    answer = await told(serve, above, {**parts, "t": Whole()}, b'{"strData":"x"}', False)
    assert answer == {"X": {"list": [1]}, "names": [], "tags": {"list": [1]}}


async def test_over_grpc_each_has_its_own_too(serve: Any):
    graph, parts = GRAPHS["combiner"]
    proto = MESSAGE.to_proto(Message("tensor", np.array([[1.0]]), ["x"]))
    proto.meta.tags["list"].string_value = "kept"
    answer = await serve(graph, parts).engine.predict(Envelope(MESSAGE, "grpc", proto=proto), Context("p"))
    assert answer.value().value == {"X": [[1.0]], "names": ["x"], "tags": {"list": "kept"}}
