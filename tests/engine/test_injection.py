"""Where the routing so far is written into `meta.routing`: nowhere, at the end, or after each node."""

from typing import Any

import pytest
from google.protobuf import json_format
from tests.engine.units import Says, answer_to, engine_of

from servegraph.engine import Context, RoutingInjection
from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import MESSAGE

CHAIN = {
    "name": "t",
    "type": "TRANSFORMER",
    "children": [{"name": "r", "type": "ROUTER", "children": [{"name": "a"}, {"name": "b"}]}],
}
AFTER_EACH_NODE = RoutingInjection.AFTER_EACH_NODE
WITH_META = b'{"meta": {"puid": "x"}, "strData": "<b>"}'


def chain(*, b: Any = b'{ "strData": "B" }') -> dict[str, Any]:
    return {"t": Says(WITH_META), "r": Says(branch=1), "a": Says(), "b": Says(b)}


async def test_never_passes_bodies_on_byte_for_byte():
    units = chain()
    assert await answer_to(engine_of(CHAIN, units), b"no json") == b'{ "strData": "B" }'
    assert (units["t"].got, units["r"].got, units["b"].got) == ([b"no json"], [WITH_META], [WITH_META])


async def test_at_the_end_is_for_those_who_keep_a_ledger():
    """Without one, answers stay as they are."""
    assert await answer_to(engine_of(CHAIN, chain(), RoutingInjection.AT_END), b"{}") == b'{ "strData": "B" }'


async def test_at_the_end_makes_a_meta(serve: Any):
    class Whole:
        def predict_raw(self, message: Any) -> Any:
            return {"strData": "x"}

    bench = serve({"name": "m"}, {"m": Whole()})
    assert (await bench.ask([[1]], puid="p")).meta == Meta(puid="p", routing={"m": -1})


async def test_after_each_node_the_next_one_sees_the_way_so_far_where_there_is_a_meta():
    graph = {"name": "o", "type": "OUTPUT_TRANSFORMER", "children": [CHAIN]}
    units = {**chain(b=b'{"strData": "B", "meta": {"tags": {"x": 1.0}}}'), "o": Says()}
    answer = await answer_to(engine_of(graph, units, AFTER_EACH_NODE), b"{}")
    assert answer == b'{"meta":{"routing":{"b":-1,"o":-1,"r":1,"t":-1},"tags":{"x":1.0}},"strData":"B"}\n'
    assert units["o"].got == [answer]


async def test_without_a_meta_none_is_made():
    assert await answer_to(engine_of(CHAIN, chain(), AFTER_EACH_NODE), b"{}") == b'{"strData":"B"}\n'


@pytest.mark.parametrize("body", [b"<html>no json</html>", b"\x1f\x8b\x08compressed", b"", b"\xff"])
async def test_a_body_that_is_no_json_stays_as_it_is(body: bytes):
    assert await answer_to(engine_of(CHAIN, chain(b=body), AFTER_EACH_NODE), b"{}") == body


async def test_in_a_protobuf_it_is_written_where_there_is_a_meta():
    class Passes:
        async def transform(self, method: Any, request: Any, context: Any) -> Any:
            return request

    engine = engine_of({"name": "m"}, {"m": Passes()}, AFTER_EACH_NODE)  # type: ignore[dict-item]
    answers = []
    for message in ({"strData": "x", "meta": {"puid": "x"}}, {"strData": "x"}):
        proto = json_format.ParseDict(message, message_class("seldon.protos.SeldonMessage")())
        answer = await engine.predict(Envelope(MESSAGE, "grpc", proto=proto), Context("p", transport="grpc"))
        answers.append(json_format.MessageToDict(answer.proto()))
    assert answers == [{"strData": "x", "meta": {"puid": "x", "routing": {"m": -1}}}, {"strData": "x"}]


async def test_an_answer_that_is_no_json_is_passed_on_by_who_keeps_a_ledger_too(serve: Any):
    class Whole:
        def predict_raw(self, message: Any) -> Any:
            return ["no", "object"]

    bench = serve({"name": "m"}, {"m": Whole()})
    answer = await bench.engine.predict(Envelope(MESSAGE, "rest", value=Message("strData", "x")), Context("p"))
    assert answer.document() == ["no", "object"]
