"""Whose fault it is: a component's, or the caller's."""

import asyncio
from typing import Any

import pytest

from servegraph.errors import InvalidPayload, UnitFailed

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
