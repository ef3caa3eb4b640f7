"""Calls of user classes: what methods get, what absent ones answer, and what the answer's `meta` says."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict

from servegraph.component import Caller, SeldonNotImplementedError, SeldonResponse
from servegraph.errors import InvalidPayload, UnitFailed
from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_proto import SeldonFeedback, SeldonMessage, SeldonMessageList

ROW = {"data": {"names": ["f"], "ndarray": [[1]]}}
SUM = {"data": {"names": ["t:0"], "ndarray": [[1]]}, "meta": {}}


class Seen:
    """Answers with what it was given."""

    def predict(self, X: Any, names: Any, **keywords: Any) -> Any:
        return {"X": np.asarray(X).tolist(), "names": list(names), **keywords}

    def transform_input(self, X: Any, names: Any, meta: Any) -> Any:
        return {"meta": meta}

    def transform_output(self, X: Any, names: Any) -> Any:
        return X

    def route(self, X: Any, names: Any) -> Any:
        return 1

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return {"Xs": [np.asarray(X).tolist() for X in Xs], "names": names}

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        return {"X": X.tolist(), "names": names, "reward": reward, "truth": truth.tolist(), "routing": routing}


class Empty:
    pass


def absent(*_: Any, **__: Any) -> Any:
    raise SeldonNotImplementedError("mine")


class Absent:
    predict = transform_input = transform_output = route = aggregate = send_feedback = health_status = absent
    predict_raw = tags = class_names = absent


@pytest.mark.parametrize(
    ("meta", "seen", "answered"),
    [
        (
            {"meta": {"x": 1, "tags": {"a": 1}, "routing": {}}},
            {"x": 1, "tags": {"a": 1}, "routing": {}},
            {"tags": {"a": 1}},
        ),
        ({"meta": {}}, {}, {}),
        ({}, None, {}),
    ],
)
async def test_meta_is_seen_as_it_was_sent(call: Any, meta: Any, seen: Any, answered: Any):
    assert await call(Seen()).rest("predict", {**ROW, **meta}) == {
        "jsonData": {"X": [[1]], "names": ["f"], "meta": seen},
        "meta": answered,
    }
    assert (await call(Seen()).rest("transform_input", {**ROW, **meta}))["jsonData"] == {"meta": seen}


async def test_over_grpc_meta_is_seen_as_an_object(call: Any):
    proto = SeldonMessage(strData="a")
    assert MessageToDict((await call(Seen()).grpc("transform_input", proto)).jsonData) == {"meta": {}}
    proto.meta.puid = "p"
    assert MessageToDict((await call(Seen()).grpc("transform_input", proto)).jsonData) == {"meta": {"puid": "p"}}


@pytest.mark.parametrize(
    ("method", "request_", "answer"),
    [
        ("predict", ROW, {"data": {"names": [], "ndarray": []}, "meta": {}}),
        ("predict", {"strData": "x"}, {"data": {"names": [], "tensor": {"shape": [0], "values": []}}, "meta": {}}),
        ("transform_input", ROW, SUM),
        ("transform_output", {"strData": "x"}, {"strData": "x", "meta": {}}),
        ("send_feedback", {"reward": 1}, {"data": {"tensor": {"shape": [0]}}, "meta": {}}),
        ("send_feedback", {"request": ROW}, {"data": {"ndarray": []}, "meta": {}}),
    ],
)
@pytest.mark.parametrize("component", [Empty, Absent])
async def test_absent_methods_have_defaults(call: Any, component: Any, method: str, request_: Any, answer: Any):
    assert await call(component()).rest(method, request_) == answer


@pytest.mark.parametrize(("method", "request_"), [("route", ROW), ("aggregate", [ROW])])
@pytest.mark.parametrize(("component", "text"), [(Empty, "{} not defined"), (Absent, "mine")])
async def test_nothing_stands_in_for_route_and_aggregate(
    call: Any, component: Any, text: str, method: str, request_: Any
):
    with pytest.raises(UnitFailed) as caught:
        await call(component()).rest(method, request_)
    told = (caught.value.status, caught.value.reason, caught.value.message)
    assert told == (400, "MICROSERVICE_BAD_DATA", text.format(method.title()))


async def test_seldons_base_class_says_it_in_other_words(call: Any):
    from seldon_core.user_model import SeldonComponent

    called = call(SeldonComponent())
    with pytest.raises(UnitFailed) as caught:
        await called.rest("route", ROW)
    assert caught.value.message == "route is not implemented"
    assert await called.rest("health", None) == {"strData": "not implemented - assuming healthy", "meta": {}}


async def test_a_method_is_called_once_even_when_it_raises_a_type_error(call: Any):
    class Wrong:
        calls = 0

        def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
            self.calls += 1
            raise TypeError("inner")

    wrong = Wrong()
    with pytest.raises(UnitFailed, match="inner"):
        await call(wrong).rest("predict", ROW)
    assert wrong.calls == 1


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("predict", ROW, "Narrow.predict() takes 2 positional arguments but 3 were given"),
        ("send_feedback", {"reward": 1}, "Narrow.send_feedback() got an unexpected keyword argument 'routing'"),
    ],
)
async def test_a_method_of_another_signature_fails_in_pythons_words(call: Any, method: str, request_: Any, text: str):
    class Narrow:
        def predict(self, X: Any) -> Any: ...
        def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any) -> Any: ...

    Narrow.predict.__qualname__, Narrow.send_feedback.__qualname__ = "Narrow.predict", "Narrow.send_feedback"
    with pytest.raises(UnitFailed) as caught:
        await call(Narrow()).rest(method, request_)
    assert (caught.value.status, caught.value.message) == (500, text)


# meta of the answer


class Reporting:
    def predict(self, X: Any, names: Any) -> Any:
        runtime = [{"type": "COUNTER", "key": "rc", "value": 2, "tags": {"a": "b"}}]
        return SeldonResponse(X, {"runtime": "r", "shared": "runtime"}, runtime)

    def tags(self) -> Any:
        return {"static": "s", "shared": "static"}

    def metrics(self) -> Any:
        return [{"type": "GAUGE", "key": "g", "value": np.float32(0.5)}]


async def test_tags_and_metrics_of_the_component_follow_those_that_came(call: Any):
    came = {"puid": "p", "tags": {"shared": "came", "c": 1}, "metrics": [{"key": "up", "type": "GAUGE", "value": 3}]}
    called = call(Reporting(), "unit", "img:1")
    answer = await called.rest(
        "predict", {**ROW, "meta": {**came, "requestPath": {"other": "x:1"}, "routing": {"r": 1}}}
    )
    own = [
        {"key": "g", "type": "GAUGE", "value": 0.5},
        {"key": "rc", "type": "COUNTER", "value": 2, "tags": {"a": "b", "method": "predict"}},
    ]
    assert answer["meta"] == {
        "puid": "p",
        "tags": {"shared": "runtime", "c": 1, "static": "s", "runtime": "r"},
        "metrics": [*came["metrics"], *own],
        "requestPath": {"other": "x:1", "unit": "img:1"},
    }
    assert called.sink.counted == [("unit", "predict", own)]


async def test_metrics_that_answers_leave_out_are_counted_all_the_same(call: Any):
    called = call(Reporting(), include_metrics=False)
    came = [{"key": "up", "type": "GAUGE", "value": 3}]
    assert (await called.rest("transform_input", {**ROW, "meta": {"metrics": came}}))["meta"]["metrics"] == came
    assert called.sink.counted == [("", "inputtransform", [{"key": "g", "type": "GAUGE", "value": 0.5}])]


async def test_a_unit_without_an_image_says_so_and_gives_way_to_its_own_entry(call: Any):
    assert (await call(Empty(), "u").rest("predict", ROW))["meta"] == {
        "requestPath": {"u": "NOT_IMPLEMENTED:NOT_IMPLEMENTED"}
    }
    meta = {"requestPath": {"u": "came"}}
    assert (await call(Empty(), "u", "img:1").rest("predict", {**ROW, "meta": meta}))["meta"] == meta


@pytest.mark.parametrize(
    "metrics",
    [
        None,
        {},
        "x",
        [5],
        ({"type": "GAUGE", "key": "k", "value": 1},),
        [{"type": "GAUGE", "key": "k", "value": "1"}],
        [{"type": "gauge", "key": "k", "value": 1}],
        [{"type": "GAUGE", "value": 1}],
        [{"key": "k", "value": 1}],
        [{"type": "GAUGE", "key": "k", "value": 1, "tags": {"a": 5}}],
    ],
)
async def test_what_is_no_metric_is_told(call: Any, metrics: Any):
    class Bad(Seen):
        def metrics(self) -> Any:
            return metrics

    called = call(Bad())
    with pytest.raises(UnitFailed) as caught:
        await called.rest("transform_output", ROW)
    assert (caught.value.status, caught.value.reason) == (500, "MICROSERVICE_BAD_METRIC")
    assert caught.value.message.startswith("Bad metric created during request: ")
    assert called.sink.counted == []


async def test_tags_and_names_that_raise_fail_the_call(call: Any):
    for name in ("tags", "class_names"):
        broken = type("C", (Seen,), {name: lambda self: 1 / 0})()
        with pytest.raises(UnitFailed, match="division by zero"):
            await call(broken).rest("transform_output", ROW)


# routers and combiners


@pytest.mark.parametrize(
    ("branch", "kind", "shown"),
    [(1, "ndarray", [[1]]), (-2, "ndarray", [[-2]]), (True, "ndarray", [[True]]), (10**30, "ndarray", [[10**30]])],
)
async def test_a_branch_is_a_row_of_one_number(call: Any, branch: Any, kind: str, shown: Any):
    router = type("C", (), {"route": lambda self, X, names: branch, "tags": lambda self: {"t": 1}})()
    answer = await call(router).rest("route", {**ROW, "meta": {"puid": "p", "tags": {"came": 1}}})
    assert answer == {"data": {"names": ["t:0"], kind: shown}, "meta": {"puid": "p", "tags": {"t": 1}}}


async def test_a_branch_for_no_array_is_a_tensor(call: Any):
    answer = await call(Seen()).rest("route", {"strData": "x"})
    assert answer["data"] == {"names": ["t:0"], "tensor": {"shape": [1, 1], "values": [1]}}


@pytest.mark.parametrize("branch", [None, 1.0, np.int64(1), "1", [1]])
async def test_a_branch_that_is_no_int_is_refused(call: Any, branch: Any):
    router = type("C", (), {"route": lambda self, X, names: branch})()
    with pytest.raises(UnitFailed) as caught:
        await call(router).rest("route", ROW)
    assert (caught.value.status, caught.value.message) == (400, f"Routing response must be int but got {branch}")


async def test_a_combiner_sees_all_messages_and_their_meta_is_merged(call: Any):
    first = {**ROW, "meta": {"puid": "p1", "tags": {"a": 1, "s": 1}, "routing": {"r": 0}, "requestPath": {"m1": "i1"}}}
    second = {"strData": "x", "meta": {"puid": "p2", "tags": {"b": 2, "s": 2}, "metrics": [{"key": "k"}]}}
    assert await call(Seen(), "comb", "img:2").rest("aggregate", [first, second]) == {
        "jsonData": {"Xs": [[[1]], "x"], "names": [["f"], []]},
        "meta": {
            "puid": "p1",
            "tags": {"a": 1, "b": 2, "s": 2},
            "metrics": [{"key": "k"}],
            "requestPath": {"m1": "i1", "comb": "img:2"},
        },
    }
    assert first["meta"]["tags"] == {"a": 1, "s": 1}  # type: ignore[index]


async def test_a_combiner_answers_in_the_kind_of_the_first_message(call: Any):
    combiner = type("C", (), {"aggregate": lambda self, Xs, names: [1]})()
    assert "tensor" in (await call(combiner).rest("aggregate", [{"strData": "x"}, ROW]))["data"]
    assert "ndarray" in (await call(combiner).rest("aggregate", [ROW, {"strData": "x"}]))["data"]


async def test_a_combiner_of_nothing_fails_as_seldons_does(call: Any):
    with pytest.raises(UnitFailed, match="list index out of range"):
        await call(Seen()).grpc("aggregate", SeldonMessageList())


# feedback and health


async def test_feedback_brings_the_branch_of_this_router(call: Any):
    feedback = {
        "request": {"data": {"names": ["a"], "ndarray": [[1]]}, "meta": {"puid": "p", "tags": {"z": 1}}},
        "response": {"meta": {"routing": {"myrouter": 1, "other": 0}}},
        "truth": {"data": {"ndarray": [[9]]}},
        "reward": 0.25,
    }
    called = call(Seen(), "myrouter", "img:1")
    assert await called.rest("send_feedback", feedback) == {
        "jsonData": {"X": [[1.0]], "names": ["a"], "reward": 0.25, "truth": [[9.0]], "routing": 1.0},
        "meta": {"puid": "p", "requestPath": {"myrouter": "img:1"}},
    }
    assert called.sink.rewards == [("myrouter", 0.25)]


async def test_only_arrays_reach_feedback_and_no_reward_is_not_counted(call: Any):
    called = call(Seen())
    answer = await called.rest(
        "send_feedback", {"request": {"strData": "x"}, "response": {"meta": {"routing": {"0": 2}}}}
    )
    assert answer["jsonData"] == {"X": [], "names": [], "reward": 0.0, "truth": [], "routing": 2.0}
    assert called.sink.rewards == []


@pytest.mark.parametrize(
    ("returned", "data"),
    [
        (None, {"data": {"tensor": {"shape": [0]}}}),
        ([1], {"data": {"tensor": {"shape": [1], "values": [1.0]}}}),
        ("x", {"strData": "x"}),
    ],
)
async def test_answers_to_feedback_are_printed_by_protobuf(call: Any, returned: Any, data: Any):
    component = type("C", (), {"send_feedback": lambda self, X, names, reward, truth, routing: returned})()
    assert await call(component).rest("send_feedback", {"reward": 1}) == {**data, "meta": {}}
    proto = await call(component).grpc("send_feedback", SeldonFeedback(reward=1))
    assert proto.HasField("meta")


async def test_an_unusable_answer_to_feedback_has_the_words_of_grpc(call: Any):
    component = type("C", (), {"send_feedback": lambda self, X, names, reward, truth, routing: 5})()
    with pytest.raises(UnitFailed) as caught:
        await call(component).rest("send_feedback", {"reward": 1})
    assert (caught.value.status, caught.value.message) == (500, 'can only concatenate str (not "int") to str')


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        ("up", {"strData": "up"}),
        ([1, 2], {"data": {"names": [], "tensor": {"shape": [2], "values": [1, 2]}}}),
        ({"ok": True}, {"jsonData": {"ok": True}}),
    ],
)
async def test_health_is_what_the_component_says(call: Any, returned: Any, answer: Any):
    component = type("C", (), {"health_status": lambda self: returned, "tags": lambda self: {"a": 1}})()
    assert await call(component).rest("health", None) == {**answer, "meta": {"tags": {"a": 1}}}


async def test_without_a_word_a_component_is_healthy(call: Any):
    assert await call(Empty()).rest("health", None) == {"strData": "healthy", "meta": {}}
    assert (await call(Absent()).rest("health", None))["strData"] == "not implemented - assuming healthy"


# errors, coroutines, threads


async def test_a_request_that_cannot_be_read_is_the_callers_mistake(call: Any):
    with pytest.raises(InvalidPayload):
        await call(Seen()).rest("predict", {"foo": 1})


async def test_coroutine_functions_are_awaited(call: Any):
    class Async:
        async def predict(self, X: Any, names: Any) -> Any:
            await asyncio.sleep(0)
            return X

    with ThreadPoolExecutor(1) as pool:
        for options in ({}, {"pool": pool}):
            assert await call(Async(), **options).rest("predict", ROW) == SUM


async def test_with_a_pool_synchronous_code_runs_there_one_request_at_a_time(call: Any):
    class Stateful:
        def predict(self, X: Any, names: Any) -> Any:
            self.last = str(X)
            return f"{X} in {threading.current_thread().name.partition('_')[0]}"

        def tags(self) -> Any:
            return {"last": self.last}

    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        called = call(Stateful(), pool=pool)
        answers = await asyncio.gather(*(called.rest("predict", {"strData": str(number)}) for number in range(20)))
    assert answers == [
        {"strData": f"{number} in pool", "meta": {"tags": {"last": str(number)}}} for number in range(20)
    ]


async def test_errors_in_a_pool_are_the_same(call: Any):
    with ThreadPoolExecutor(1) as pool:
        component = type("C", (), {"predict": lambda self, X, names: 1 / 0})()
        with pytest.raises(UnitFailed, match="division by zero"):
            await call(component, pool=pool).rest("predict", ROW)


class Buffer:
    """Answers with the same array each time."""

    def __init__(self, columns: int, row_wise: bool = False) -> None:
        self.array = np.empty((1, columns))
        self.row_wise = row_wise

    def predict(self, X: Any, names: Any) -> Any:
        self.array[:] = X[0, 0]
        return self.array


async def asked(caller: Caller, number: float) -> Any:
    message = Message("ndarray", np.array([[number]]), ["f"], Meta())
    return (await caller.transform("predict", Envelope(MESSAGE, "rest", value=message))).value().value


async def test_large_answer_that_is_printed_later_stays_what_it_was(call):
    caller = call(Buffer(50_000)).caller
    first = await asked(caller, 1.0)
    await asked(caller, 2.0)
    assert (first == 1.0).all()


@pytest.mark.parametrize("component", [Buffer(50_000, row_wise=True), Buffer(50)])
async def test_answers_that_are_printed_at_once_or_promised_not_to_change_are_not_copied(call, component: Buffer):
    assert await asked(call(component).caller, 1.0) is component.array
