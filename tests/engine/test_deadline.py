"""The graph as a whole has a limited time."""

import asyncio
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from servegraph.engine import Context
from servegraph.errors import GraphTimedOut, UnitFailed
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import FEEDBACK, MESSAGE

ROWS = Message("ndarray", np.array([[1]]))


class Sleeps:
    """Waits for ever, and notes whether it was stopped."""

    stopped = False

    async def predict(self, X: Any, names: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True

    async def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        await asyncio.Event().wait()


class Answers:
    def predict(self, X: Any, names: Any) -> Any:
        return X


async def test_a_component_that_takes_too_long_is_stopped(serve: Any):
    component = Sleeps()
    engine = serve({"name": "m"}, {"m": component}).engine
    context = Context("p", deadline=monotonic() + 0.01)
    with pytest.raises(GraphTimedOut, match="^the graph did not answer in time$"):
        await engine.predict(Envelope(MESSAGE, "rest", value=ROWS), context)
    assert component.stopped


async def test_all_children_of_a_node_are_stopped(serve: Any):
    graph = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "a"}, {"name": "b"}]}
    parts = {"t": object(), "a": Sleeps(), "b": Sleeps()}
    context = Context("p", deadline=monotonic() + 0.01)
    with pytest.raises(GraphTimedOut):
        await serve(graph, parts).engine.predict(Envelope(MESSAGE, "rest", value=ROWS), context)
    await asyncio.sleep(0)
    assert (parts["a"].stopped, parts["b"].stopped) == (True, True)


async def test_feedback_has_the_same_limit_and_can_be_sent_again(serve: Any):
    bench = serve({"name": "t", "type": "TRANSFORMER", "methods": ["SEND_FEEDBACK"]}, {"t": Sleeps()})
    await bench.ask([[1]], puid="p")
    for _ in range(2):
        feedback = Feedback(Message(), Message(meta=Meta(puid="p")), Message(), 1.0)
        with pytest.raises(GraphTimedOut):
            await bench.engine.send_feedback(
                Envelope(FEEDBACK, "rest", value=feedback), Context("q", deadline=monotonic() + 0.01)
            )
    assert bench.events.rewards == []


async def test_a_component_that_cannot_be_stopped_is_too_late_all_the_same(serve: Any):
    class Busy:
        def predict(self, X: Any, names: Any) -> Any:
            sleep(0.02)
            return X

    engine = serve({"name": "m"}, {"m": Busy()}).engine
    with pytest.raises(GraphTimedOut):
        await engine.predict(Envelope(MESSAGE, "rest", value=ROWS), Context("p", deadline=monotonic() + 0.01))


async def test_who_answers_in_time_is_not_disturbed(serve: Any):
    engine = serve({"name": "m"}, {"m": Answers()}).engine
    answer = await engine.predict(Envelope(MESSAGE, "rest", value=ROWS), Context("p", deadline=monotonic() + 60))
    assert answer.value().value.tolist() == [[1]]


async def test_a_components_own_timeout_is_its_own_fault(serve: Any):
    class Late:
        async def predict(self, X: Any, names: Any) -> Any:
            raise TimeoutError("the database is slow")

    with pytest.raises(UnitFailed, match="^m.predict: the database is slow$"):
        await serve({"name": "m"}, {"m": Late()}).engine.predict(
            Envelope(MESSAGE, "rest", value=ROWS), Context("p", deadline=monotonic() + 60)
        )


def test_remaining_is_what_is_left():
    assert Context("p").remaining() is None
    left = Context("p", deadline=monotonic() + 60).remaining()
    assert left is not None
    assert 59 < left <= 60
    with pytest.raises(GraphTimedOut):
        Context("p", deadline=monotonic()).remaining()
