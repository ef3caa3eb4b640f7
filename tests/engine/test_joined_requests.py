"""Nodes that answer several requests at once: ways, paths, deadlines and errors stay each request's own."""

import asyncio
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from servegraph.component import Caller, Identity, read
from servegraph.engine import Context, Engine, LocalUnit, Parts, RoutingInjection, compile_plan
from servegraph.errors import GraphTimedOut, InvalidPayload
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.serving.component_pool import PatientPool
from servegraph.spec import PredictorSpec

GRAPH = {
    "name": "scale",
    "type": "TRANSFORMER",
    "children": [{"name": "ab", "type": "ROUTER", "children": [{"name": "a"}, {"name": "b"}]}],
}


class Scale:
    row_wise = True

    def transform_input(self, X: Any, names: Any) -> Any:
        sleep(0.003)
        return np.asarray(X, dtype=float) / 10


class Parity:
    """The first number, odd or even, chooses."""

    def route(self, X: Any, names: Any) -> int:
        return round(X[0, 0] * 10) % 2


class Model:
    row_wise = True

    def __init__(self, add: float) -> None:
        self.add = add
        self.sizes: list[int] = []

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        self.sizes.append(len(X))
        sleep(0.003)
        if (X > 9).any():
            raise InvalidPayload("a number is too large")
        return X + self.add

    def class_names(self) -> list[str]:
        return [f"plus {self.add:g}"]


async def test_every_request_keeps_its_way_and_its_answer(serve: Any):
    models = {"a": Model(100.0), "b": Model(200.0)}
    bench = serve(GRAPH, {"scale": Scale(), "ab": Parity(), **models})
    numbers = [number % 60 for number in range(240)]
    for start in range(0, 240, 40):
        part = numbers[start : start + 40]
        answers = await asyncio.gather(*(bench.ask([[float(number)]], f"p{number}") for number in part))
        for number, answer in zip(part, answers, strict=True):
            arm, add = ("b", 200.0) if number % 2 else ("a", 100.0)
            assert answer.value.tolist() == [[number / 10 + add]]
            assert answer.names == [f"plus {add:g}"]
            assert answer.meta.puid == f"p{number}"
            assert answer.meta.routing == {"scale": -1, "ab": number % 2, arm: -1}
            assert answer.meta.request_path == {"scale": "image:1", arm: "image:1"}
    assert sum(node == "scale" and code == "200" for node, _, code in bench.events.nodes) == 240
    assert max(models["a"].sizes) > 4


async def test_a_request_that_a_node_refuses_is_the_only_one_that_fails(serve: Any):
    bench = serve({"name": "m"}, {"m": Model(1.0)})
    for _ in range(6):
        asked = [bench.ask([[number]]) for number in (1.0, 2.0, 10.0, 3.0)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [each.value.tolist() for each in found if isinstance(each, Message)] == [[[2.0]], [[3.0]], [[4.0]]]
        assert isinstance(found[2], InvalidPayload)
    assert [code for _, _, code in bench.events.nodes].count("400") == 6


class Held:
    """Works when the gate is open."""

    row_wise = True

    def __init__(self) -> None:
        self.seen: list[list[float]] = []
        self.gate = threading.Event()

    def predict(self, X: Any, names: Any) -> Any:
        self.seen.append(X[:, 0].tolist())
        self.gate.wait(20)
        return X


class Unheard:
    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_, **__: self.__getattr__(name)


@pytest.fixture
def pool() -> Any:
    pool = PatientPool(1)
    yield pool
    pool.shutdown()


def engine_of(component: Any, pool: PatientPool) -> Engine:
    listener: Any = Unheard()
    unit = LocalUnit("m", Caller(read(component, "m"), Identity("m"), listener, pool), listener)
    plan = compile_plan(
        PredictorSpec.model_validate({"name": "p", "graph": {"name": "m"}}), Parts({"m": unit}), RoutingInjection.NEVER
    )
    return Engine(plan, None, listener)


def asking(engine: Engine, number: float, seconds: float = 20) -> asyncio.Task[Any]:
    message = Message("ndarray", np.array([[number]]))
    context = Context("p", deadline=monotonic() + seconds)
    return asyncio.ensure_future(engine.predict(Envelope(MESSAGE, "rest", value=message), context))


async def until(condition: Callable[[], Any]) -> None:
    limit = monotonic() + 20
    while not condition():
        assert monotonic() < limit
        await asyncio.sleep(0.001)


async def test_who_is_out_of_time_leaves_the_others_to_be_answered(pool: PatientPool):
    component = Held()
    engine = engine_of(component, pool)
    first = asking(engine, 1.0)
    await until(lambda: component.seen)
    late, other = asking(engine, 2.0, 0.01), asking(engine, 3.0)
    with pytest.raises(GraphTimedOut):
        await late
    component.gate.set()
    assert [(await task).value().value.tolist() for task in (first, other)] == [[[1.0]], [[3.0]]]
    assert component.seen == [[1.0], [3.0]]


async def test_a_thread_that_hangs_can_be_left_behind(pool: PatientPool):
    component = Held()
    engine = engine_of(component, pool)
    hangs = asking(engine, 1.0)
    await until(lambda: component.seen)
    waits = asking(engine, 2.0)
    await asyncio.sleep(0)
    pool.abandon(0)
    await until(lambda: len(component.seen) == 2)
    hangs.cancel()
    component.gate.set()
    assert (await waits).value().value.tolist() == [[2.0]]
    assert (await asking(engine, 3.0)).value().value.tolist() == [[3.0]]


async def test_several_threads_make_several_calls_at_once():
    pool = PatientPool(2)
    component = Held()
    engine = engine_of(component, pool)
    tasks = []
    for number in (1.0, 2.0):
        tasks.append(asking(engine, number))
        await until(lambda: len(component.seen) == len(tasks))
    component.gate.set()
    assert [(await task).value().value.tolist() for task in tasks] == [[[1.0]], [[2.0]]]
    pool.shutdown()
