"""Whose fault it is: a component's, or the caller's."""

import asyncio
import gc
import json
import weakref
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from servegraph.engine import Context
from servegraph.errors import InvalidPayload, UnitAnswered, UnitFailed
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE

ARMS = [{"name": "a", "type": "MODEL"}, {"name": "b", "type": "MODEL"}]


class Echo:
    def predict(self, X: Any, names: Any) -> Any:
        return X

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[0]


class Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def predict(self, X: Any, names: Any) -> Any:
        raise self.error

    transform_input = predict
    transform_output = predict

    def route(self, X: Any, names: Any) -> Any:
        raise self.error

    def aggregate(self, Xs: Any, names: Any) -> Any:
        raise self.error


class Answers:
    def __init__(self, value: Any) -> None:
        self.value = value

    def predict(self, X: Any, names: Any) -> Any:
        return self.value


@pytest.mark.parametrize(
    ("graph", "service"),
    [
        ({"name": "m", "type": "MODEL"}, "predict"),
        ({"name": "m", "type": "TRANSFORMER"}, "transform-input"),
        ({"name": "m", "type": "OUTPUT_TRANSFORMER"}, "transform-output"),
        ({"name": "m", "type": "ROUTER", "children": ARMS}, "route"),
        ({"name": "m", "type": "COMBINER", "children": ARMS}, "aggregate"),
    ],
)
async def test_a_component_that_raises_is_named_with_its_method_and_cause(serve: Any, graph: Any, service: str):
    cause = KeyError("column")
    arms = {"a": Echo(), "b": Echo()} if "children" in graph else {}
    bench = serve(graph, {"m": Raises(cause), **arms})
    with pytest.raises(UnitFailed) as caught:
        await bench.ask([[1]])
    method = service.replace("-", "_")
    assert str(caught.value) == f"m.{method}: 'column'"
    assert (caught.value.unit, caught.value.method, caught.value.message) == ("m", method, "'column'")
    assert (caught.value.status, caught.value.reason) == (500, "MICROSERVICE_INTERNAL_ERROR")
    assert caught.value.__cause__ is cause
    assert bench.events.nodes[-1] == ("m", f"/{service}", "500")


async def test_a_typeerror_inside_a_method_is_not_retried_without_meta(serve: Any):
    class Counts:
        calls = 0

        def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
            self.calls += 1
            raise TypeError("inside")

    component = Counts()
    with pytest.raises(UnitFailed, match=r"^m\.predict: inside$"):
        await serve({"name": "m"}, {"m": component}).ask([[1]])
    assert component.calls == 1


async def test_a_failing_async_component_is_named_too(serve: Any):
    class Async:
        async def predict(self, X: Any, names: Any) -> Any:
            raise RuntimeError("late")

    bench = serve({"name": "m"}, {"m": Async()})
    with pytest.raises(UnitFailed, match=r"^m\.predict: late$"):
        await bench.ask([[1]])
    assert bench.events.nodes == [("m", "/predict", "500")]


async def test_what_a_component_blames_on_the_caller_is_the_callers(serve: Any):
    mine = InvalidPayload("give 30 numbers", hint="send data.ndarray")
    bench = serve({"name": "m"}, {"m": Raises(mine)})
    with pytest.raises(InvalidPayload) as caught:
        await bench.ask([[1]])
    assert caught.value is mine
    assert bench.events.nodes == [("m", "/predict", "400")]


async def test_of_several_failing_children_the_first_in_order_is_reported(serve: Any):
    class Late:
        async def predict(self, X: Any, names: Any) -> Any:
            await asyncio.sleep(0.01)
            raise RuntimeError("first in order, last in time")

    bench = serve(
        {"name": "c", "type": "COMBINER", "children": ARMS},
        {"c": Echo(), "a": Late(), "b": Raises(ValueError("early"))},
    )
    with pytest.raises(UnitFailed, match=r"^a\.predict: first in order, last in time$"):
        await bench.ask([[1]])
    assert bench.events.nodes == [("b", "/predict", "500"), ("a", "/predict", "500")]


async def test_after_a_failure_the_engine_answers_again(serve: Any):
    class Once:
        broken = True

        def predict(self, X: Any, names: Any) -> Any:
            if self.broken:
                self.broken = False
                raise RuntimeError("once")
            return X

    bench = serve({"name": "m"}, {"m": Once()})
    with pytest.raises(UnitFailed):
        await bench.ask([[1]])
    assert await bench.values([[1]]) == [[1]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "Unknown data type returned as payload (must be list or np array):None"),
        (0.5, "Unknown data type returned as payload (must be list or np array):0.5"),
    ],
)
async def test_an_answer_of_no_kind_is_a_400_as_from_the_component_server(serve: Any, value: object, text: str):
    bench = serve({"name": "m"}, {"m": Answers(value)})
    with pytest.raises(UnitFailed) as caught:
        await bench.ask([[1]])
    assert str(caught.value) == f"m.predict: {text}"
    assert (caught.value.status, caught.value.reason) == (400, "MICROSERVICE_BAD_DATA")
    assert bench.events.nodes == [("m", "/predict", "400")]


async def test_a_ragged_answer_is_the_components_fault(serve: Any):
    with pytest.raises(UnitFailed, match=r"^m\.predict: ") as caught:
        await serve({"name": "m"}, {"m": Answers([[1], [1, 2]])}).ask([[1]])
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_request_that_is_cancelled_is_not_swallowed(serve: Any):
    class Waits:
        async def predict(self, X: Any, names: Any) -> Any:
            await asyncio.Event().wait()

    bench = serve({"name": "m"}, {"m": Waits()})
    task = asyncio.create_task(bench.ask([[1]]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_all_children_have_ended_before_the_error_is_raised(serve: Any):
    class Slow:
        ended = False

        async def predict(self, X: Any, names: Any) -> Any:
            await asyncio.sleep(0.01)
            self.ended = True
            return X

    slow = Slow()
    parts = {"c": Echo(), "a": Raises(ValueError("early")), "b": slow}
    with pytest.raises(UnitFailed, match=r"^a\.predict: early$"):
        await serve({"name": "c", "type": "COMBINER", "children": ARMS}, parts).ask([[1]])
    assert slow.ended


async def test_a_request_that_fails_is_not_kept_until_garbage_is_looked_for(serve: Any):
    parts = {"c": Echo(), "a": Raises(ValueError("early")), "b": Echo()}
    bench = serve({"name": "c", "type": "COMBINER", "children": ARMS}, parts)
    gc.disable()
    try:
        values = np.ones((1, 1))
        kept = weakref.ref(values)
        message = Message("ndarray", values)
        del values
        parts["a"].error = ValueError("of this request")
        with suppress(UnitFailed):
            await bench.send(message)
        del message
        parts["a"].error = ValueError("of another")
        await asyncio.sleep(0)  # the loop still holds what woke us
        assert kept() is None
    finally:
        gc.enable()


class Whole:
    """Answers with a whole message."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def predict_raw(self, message: Any) -> Any:
        return self.message

    transform_input_raw = predict_raw


@pytest.mark.parametrize("code", [503, 201, 400])
async def test_a_status_of_the_components_own_ends_the_walk_with_its_message(serve: Any, code: int):
    message = {"status": {"code": code, "info": "later"}, "strData": "x"}
    graph = {"name": "o", "type": "OUTPUT_TRANSFORMER", "children": ARMS[:1]}
    bench = serve(graph, {"o": Echo(), "a": Whole(message)})
    with pytest.raises(UnitAnswered, match=f"^a.predict: answered with status {code}$") as caught:
        await bench.ask([[1]])
    assert caught.value.status == code
    assert json.loads(caught.value.body) == message
    assert bench.events.nodes == [("a", "/predict", "200")]


@pytest.mark.parametrize("status", [{"code": 200}, {"code": "503"}, {"code": True}, {"code": -1}, {}, "503", None])
async def test_other_statuses_are_part_of_the_answer(serve: Any, status: Any):
    message = {"status": status, "strData": "x"}
    bench = serve({"name": "a"}, {"a": Whole(message)})
    request: Envelope[Message] = Envelope(MESSAGE, "rest", value=Message("strData", "q"))
    answer = await bench.engine.predict(request, Context("p"))
    assert answer.document() == {**message, "meta": {"puid": "p", "routing": {"a": -1}}}


async def test_only_a_prediction_has_a_status_of_its_own(serve: Any):
    graph = {"name": "t", "type": "TRANSFORMER", "children": ARMS[:1]}
    parts = {"t": Whole({"status": {"code": 503}, "strData": "x"}), "a": Echo()}
    assert (await serve(graph, parts).ask([[1]])).value == "x"


async def test_a_component_cannot_end_the_process(serve: Any):
    bench = serve({"name": "m"}, {"m": Raises(SystemExit(3))})
    with pytest.raises(UnitFailed, match=r"^m\.predict: the component raised SystemExit\(3\)$"):
        await bench.ask([[1]])


@pytest.mark.parametrize("graph", [{"name": "a"}, {"name": "c", "type": "COMBINER", "children": ARMS}])
async def test_a_component_cannot_pass_for_a_client_that_went_away(serve: Any, graph: Any):
    """The front would wait for an end that has come."""

    class Impatient:
        async def predict(self, X: Any, names: Any) -> Any:
            task = asyncio.ensure_future(asyncio.Event().wait())
            task.cancel()
            await task

    parts = {"a": Impatient(), "b": Echo(), "c": Echo()}
    bench = serve(graph, {name: parts[name] for name in ("a", "b", "c") if name == "a" or "children" in graph})
    with pytest.raises(UnitFailed, match=r"^a\.predict: the component waited for a task that was cancelled$"):
        await bench.ask([[1]])
    assert ("a", "/predict", "500") in bench.events.nodes
