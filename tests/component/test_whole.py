"""Methods that get the whole message: `X_raw`, `X_rest`, `X_grpc`."""

import json
from typing import Any

import pytest

from servegraph.component import SeldonNotImplementedError
from servegraph.errors import InvalidPayload, UnitFailed
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_proto import SeldonFeedback, SeldonMessage, SeldonMessageList


def with_methods(**methods: Any) -> Any:
    return type("C", (), {name: (lambda self, *given, m=method: m(*given)) for name, method in methods.items()})()


async def test_over_rest_it_is_the_json_as_it_was_sent(call: Any):
    echo = with_methods(predict_raw=lambda message: {"echo": message})
    for document in ({"foo": 1, "meta": {"x": 1}}, [1, 2, 3], "text", None):
        assert await call(echo).rest("predict", document) == {"echo": document}


async def test_undecoded_bodies_and_any_json_pass(call: Any):
    called = call(with_methods(predict_raw=lambda message: message))
    answer = await called.caller.transform("predict", Envelope(MESSAGE, "rest", document=b"\xff"))
    assert answer.document() == b"\xff"
    assert not answer.is_decoded


async def test_what_the_method_changes_is_its_own(call: Any):
    def change(message: Any) -> Any:
        message["data"]["ndarray"][0].append(2)
        return message

    document = {"data": {"ndarray": [[1]]}}
    assert await call(with_methods(predict_raw=change)).rest("predict", document) == {"data": {"ndarray": [[1, 2]]}}
    assert document == {"data": {"ndarray": [[1]]}}


async def test_all_kinds_of_calls_have_one(call: Any):
    raw = with_methods(
        transform_input_raw=lambda message: {"strData": "ti"},
        transform_output_raw=lambda message: {"strData": "to"},
        route_raw=lambda message: {"data": {"ndarray": [["x"]]}},
        aggregate_raw=lambda messages: {"jsonData": type(messages).__name__},
        health_status_raw=lambda: {"data": {"ndarray": ["up"]}},
    )
    called = call(raw)
    assert await called.rest("transform_input", {}) == {"strData": "ti"}
    assert await called.rest("transform_output", {}) == {"strData": "to"}
    assert await called.rest("route", {}) == {"data": {"ndarray": [["x"]]}}
    assert await called.rest("aggregate", [{}]) == {"jsonData": "list"}
    assert await called.rest("aggregate", {"seldonMessages": [{}]}) == {"jsonData": "dict"}
    assert await called.rest("health", None) == {"data": {"ndarray": ["up"]}}


async def test_over_grpc_it_is_a_protobuf(call: Any):
    called = call(with_methods(predict_raw=lambda message: type(message)(strData=f"got {message.strData}")))
    assert (await called.grpc("predict", SeldonMessage(strData="x"))) == SeldonMessage(strData="got x")


async def test_a_component_that_imports_seldon_core_gets_its_classes(call: Any):
    from seldon_core.proto import prediction_pb2

    def check(message: Any) -> Any:
        assert isinstance(message, prediction_pb2.SeldonMessage | prediction_pb2.SeldonMessageList)
        return prediction_pb2.SeldonMessage(strData="theirs")

    called = call(with_methods(predict_raw=check, aggregate_raw=check))
    assert (await called.grpc("predict", SeldonMessage())).strData == "theirs"
    assert isinstance(await called.grpc("aggregate", SeldonMessageList()), SeldonMessage)


@pytest.mark.parametrize("returned", [None, {"strData": "x"}])
async def test_over_grpc_other_answers_fail_in_the_words_of_the_component_server(call: Any, returned: Any):
    with pytest.raises(UnitFailed) as caught:
        await call(with_methods(predict_raw=lambda message: returned)).grpc("predict", SeldonMessage())
    assert caught.value.message == f"'{type(returned).__name__}' object has no attribute 'meta'"


@pytest.mark.parametrize("keeps", [True, False])
async def test_metrics_in_the_answer_are_counted_and_leave_it_unless_wanted(call: Any, keeps: bool):
    metric = {"key": "k", "type": "GAUGE", "value": 2.0}

    def answer(message: Any) -> Any:
        if isinstance(message, dict):
            return {"strData": "m", "meta": {"metrics": [metric], "tags": {"a": 1}}}
        proto = type(message)(strData="m")
        proto.meta.metrics.add(key="k", type=1, value=2.0)
        return proto

    called = call(with_methods(predict_raw=answer), include_metrics=keeps)
    document = await called.rest("predict", {})
    proto = await called.grpc("predict", SeldonMessage())
    assert document["meta"] == {"tags": {"a": 1}, **({"metrics": [metric]} if keeps else {})}
    assert len(proto.meta.metrics) == int(keeps)
    assert called.sink.counted == [("", "predict", [metric]), ("", "predict", [metric])]


async def test_a_metric_with_tags_names_its_method_over_rest(call: Any):
    metrics = [{"key": "k", "value": 1, "tags": {"a": "b"}}, {"key": "l", "value": 1, "tags": {}}, {"key": "m"}, 5]
    called = call(with_methods(transform_input_raw=lambda message: {"meta": {"metrics": metrics}}))
    answer = await called.rest("transform_input", {})
    labelled = [{"a": "b", "method": "inputtransform"}, {"method": "inputtransform"}]
    assert [metric["tags"] for metric in answer["meta"]["metrics"][:2]] == labelled
    assert answer["meta"]["metrics"][2:] == [{"key": "m"}, 5]
    assert metrics[0]["tags"] == {"a": "b"}


async def test_one_that_is_not_implemented_gives_way_to_the_plain_method(call: Any):
    def absent(message: Any) -> Any:
        raise SeldonNotImplementedError("x")

    called = call(with_methods(predict_raw=absent, predict=lambda X, names: "plain", route_raw=absent))
    assert (await called.rest("predict", {"strData": "x"}))["strData"] == "plain"
    with pytest.raises(UnitFailed, match="Route not defined"):
        await called.rest("route", {"strData": "x"})


async def test_the_older_methods_come_first_and_must_answer(call: Any):
    def refuse(message: Any) -> Any:
        raise SeldonNotImplementedError("x")

    called = call(
        with_methods(predict_rest=lambda message: {"who": "rest"}, predict_raw=lambda message: {"who": "raw"})
    )
    assert await called.rest("predict", {}) == {"who": "rest"}
    called = call(with_methods(transform_input_grpc=lambda message: {"type": type(message).__name__}))
    assert await called.rest("transform_input", {}) == {"type": "dict"}
    with pytest.raises(UnitFailed):
        await call(with_methods(predict_rest=refuse, predict=lambda X, names: "x")).rest("predict", {"strData": "x"})


async def test_feedback_is_a_protobuf_over_rest_too(call: Any):
    raw = with_methods(send_feedback_raw=lambda feedback: SeldonMessage(strData=f"reward={feedback.reward}"))
    called = call(raw)
    assert await called.rest("send_feedback", {"reward": 1.5}) == {"strData": "reward=1.5"}
    assert (await called.grpc("send_feedback", SeldonFeedback(reward=1.5))).strData == "reward=1.5"
    assert called.sink.rewards == [("", 1.5), ("", 1.5)]
    with pytest.raises(UnitFailed, match="'dict' object has no attribute 'meta'"):
        await call(with_methods(send_feedback_raw=lambda feedback: {})).rest("send_feedback", {"reward": 1})


async def test_the_older_feedback_gets_text_and_answers_with_an_object(call: Any):
    called = call(with_methods(send_feedback_rest=lambda text: {"strData": str(json.loads(text)["reward"])}))
    assert await called.rest("send_feedback", {"reward": 1}) == {"strData": "1.0"}
    with pytest.raises(InvalidPayload, match="^Invalid JSON: "):
        await call(with_methods(send_feedback_rest=lambda text: "x")).rest("send_feedback", {"reward": 1})


async def test_json_that_nests_too_deep_is_refused(call: Any):
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidPayload, match="^the JSON is nested too deep$"):
        await call(with_methods(predict_raw=lambda message: {})).rest("predict", deep)
