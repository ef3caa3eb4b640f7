"""Requests that come while a component works are its next call; nobody's answer changes by that."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servegraph.component import Caller, Identity, SeldonResponse, batching, joining, read
from servegraph.errors import InvalidPayload, UnitFailed
from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import FEEDBACK, MESSAGE

SLOW_S = 0.004  # slow enough for a thread of its own


class Sink:
    def custom_metrics(self, *_: Any) -> None: ...

    def reward(self, *_: Any) -> None: ...


class Gate:
    """Row by row: twice each number. It works when the gate is open, and remembers what it was called with.

    Negative numbers are the caller's mistake; 13 breaks it.
    """

    row_wise = True

    def __init__(self) -> None:
        self.seen: list[list[float]] = []
        self.metas: list[Any] = []
        self.threads: set[str] = set()
        self.opened = threading.Event()
        self.opened.set()
        self.working = threading.Lock()

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        assert self.working.acquire(blocking=False), "called while it works"
        try:
            self.metas.append(meta)
            return self.work(X)
        finally:
            self.working.release()

    def work(self, X: Any) -> Any:
        self.threads.add(threading.current_thread().name)
        self.seen.append(X[:, 0].tolist())
        self.opened.wait(20)
        sleep(SLOW_S)
        if (X == 13).any():
            raise RuntimeError("thirteen")
        if (X < 0).any():
            raise InvalidPayload("a number is negative")
        return X * 2.0

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        assert self.working.acquire(blocking=False), "called while it works"
        self.working.release()
        return []


class Asked:
    """A component being asked by several at once."""

    def __init__(self, component: Any, pool: Any = None) -> None:
        self.component = component
        self.caller = Caller(read(component, "n"), Identity("n", "image:1"), Sink(), pool)

    def ask(self, *rows: float, names: list[str] | None = None, **meta: Any) -> asyncio.Task[Any]:
        message = Message("ndarray", np.array(rows)[:, None], names or ["f"], Meta(**meta))
        return asyncio.ensure_future(self.caller.transform("predict", Envelope(MESSAGE, "rest", value=message)))

    async def begun(self, calls: int) -> None:
        """Wait until the component was called so often."""
        await until(lambda: len(self.component.seen) >= calls)

    async def held(self, *rows: float) -> asyncio.Task[Any]:
        """A request in which the component works until the gate is opened."""
        self.component.opened.clear()
        before = len(self.component.seen)
        task = self.ask(*rows)
        await self.begun(before + 1)
        return task

    async def release(self, *tasks: asyncio.Task[Any]) -> list[Any]:
        """What became of all: the first column of answers, or errors."""
        self.component.opened.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [each if isinstance(each, BaseException) else each.value().value[:, 0].tolist() for each in found]

    async def proven(self) -> "Asked":
        """The same, after its trials with up to 15 rows; what it saw in them is forgotten."""
        for rows in (2, 2, 2, 4, 8):
            await self.release(await self.held(0.0), *(self.ask(float(number)) for number in range(rows)))
        self.component.seen.clear()
        self.component.metas.clear()
        return self


async def until(condition: Callable[[], bool]) -> None:
    limit = monotonic() + 20
    while not condition():
        assert monotonic() < limit
        await asyncio.sleep(0.001)


def values(task: asyncio.Task[Any]) -> Any:
    return task.result().value().value.tolist()


async def test_what_comes_while_it_works_is_the_next_call():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    others = [asked.ask(2.0), asked.ask(3.0, 4.0), asked.ask(5.0)]
    assert await asked.release(first, *others) == [[2.0], [4.0], [6.0, 8.0], [10.0]]
    assert asked.component.seen == [[1.0], [2.0, 3.0, 4.0, 5.0]]


async def test_the_first_joint_calls_are_made_alone_too():
    asked = Asked(Gate())
    await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0))
    assert asked.component.seen == [[1.0], [2.0], [3.0], [2.0, 3.0]]


async def test_a_trial_is_small():
    asked = Asked(Gate())
    first = await asked.held(1.0)
    others = [asked.ask(float(number)) for number in range(2, 8)]
    await asked.release(first, *others)
    assert asked.component.seen[:6] == [[1.0], [2.0], [3.0], [4.0], [5.0], [2.0, 3.0, 4.0, 5.0]]


async def test_an_answer_is_that_of_its_own_request():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    one, two = asked.ask(2.0, puid="a", tags={"t": 1}), asked.ask(3.0, puid="b", tags={"t": 1})
    await asked.release(first, one, two)
    assert asked.component.seen[1:] == [[2.0, 3.0]]
    assert asked.component.metas[1:] == [{"tags": {"t": 1}}]
    metas = [task.result().document()["meta"] for task in (one, two)]
    assert metas == [
        {"puid": "a", "tags": {"t": 1}, "requestPath": {"n": "image:1"}},
        {"puid": "b", "tags": {"t": 1}, "requestPath": {"n": "image:1"}},
    ]


async def test_what_differs_is_a_call_of_its_own_and_keeps_its_turn():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    others = [asked.ask(2.0), asked.ask(3.0, names=["g"]), asked.ask(4.0), asked.ask(5.0, tags={"a": 1})]
    others += [asked.ask(6.0, names=["g"])]
    assert await asked.release(first, *others) == [[2.0], [4.0], [6.0], [8.0], [10.0], [12.0]]
    assert asked.component.seen == [[1.0], [2.0, 4.0], [3.0, 6.0], [5.0]]


async def test_small_requests_do_not_overtake_a_large_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(joining, "MOST_ROWS", 4)
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    large = asked.ask(*[3.0] * 9)
    others = [asked.ask(2.0), large, asked.ask(4.0), asked.ask(5.0, 5.0), asked.ask(6.0, 6.0)]
    await asked.release(first, *others)
    assert asked.component.seen[1:] == [[3.0] * 9, [2.0, 4.0, 5.0, 5.0], [6.0, 6.0]]


async def test_a_call_has_no_more_bytes_than_is_good(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(joining, "MOST_BYTES", 16)
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    await asked.release(first, *(asked.ask(float(number)) for number in range(3)))
    assert asked.component.seen == [[1.0], [0.0, 1.0], [2.0]]


async def test_an_error_is_told_to_whoever_made_it():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    others = [asked.ask(2.0), asked.ask(-1.0), asked.ask(13.0), asked.ask(3.0)]
    later = asked.ask(4.0, names=["g"])
    found = await asked.release(first, *others, later)
    assert [each for each in found if isinstance(each, list)] == [[2.0], [4.0], [6.0], [8.0]]
    assert isinstance(found[2], InvalidPayload)
    assert isinstance(found[3], UnitFailed)
    assert (found[3].unit, found[3].message) == ("n", "thirteen")
    assert asked.component.seen[1:] == [[2.0, -1.0, 13.0, 3.0], [2.0], [-1.0], [13.0], [3.0], [4.0]]


async def test_errors_do_not_end_the_joining():
    asked = await Asked(Gate()).proven()
    for _ in range(5):
        await asked.release(await asked.held(1.0), asked.ask(-1.0), asked.ask(2.0))
    asked.component.seen.clear()
    await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0))
    assert asked.component.seen == [[1.0], [2.0, 3.0]]


async def test_an_error_in_a_trial_stays_with_its_request():
    asked = Asked(Gate())
    found = await asked.release(await asked.held(1.0), asked.ask(13.0), asked.ask(3.0))
    assert isinstance(found[1], UnitFailed)
    assert (found[0], found[2]) == ([2.0], [6.0])


async def test_who_is_gone_is_not_answered():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    gone, other = asked.ask(2.0), asked.ask(3.0)
    await asyncio.sleep(0)
    gone.cancel()
    assert await asked.release(first, other) == [[2.0], [6.0]]
    assert gone.cancelled()
    assert asked.component.seen == [[1.0], [3.0]]


async def test_who_goes_while_it_works_harms_nobody():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    gone, other = asked.ask(2.0), asked.ask(3.0)
    asked.component.opened.set()
    await first
    asked.component.opened.clear()
    await asked.begun(2)
    gone.cancel()
    assert await asked.release(other, asked.ask(4.0)) == [[6.0], [8.0]]
    assert asked.component.seen == [[1.0], [2.0, 3.0], [4.0]]


async def test_all_can_go():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    second = asked.ask(2.0)
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    await asyncio.sleep(0)
    assert await asked.release(asked.ask(3.0)) == [[6.0]]
    assert asked.component.seen == [[1.0], [3.0]]


class Centred(Gate):
    """Breaks its promise: the answer for a row depends on the others."""

    def work(self, X: Any) -> Any:
        super().work(X)
        return X - X.mean(axis=0)


class Sums(Gate):
    def work(self, X: Any) -> Any:
        return super().work(X).sum(axis=0, keepdims=True)


class Responds(Gate):
    def work(self, X: Any) -> Any:
        return SeldonResponse(super().work(X), tags={"rows": len(X)})


class OnlyAlone(Gate):
    def work(self, X: Any) -> Any:
        super().work(X)
        if len(X) > 1:
            raise RuntimeError("one row at a time")
        return X


@pytest.mark.parametrize(
    ("cls", "answers", "said"),
    [
        (Centred, [[0.0], [0.0]], "answers the rows of several requests otherwise than those of each"),
        (Sums, [[4.0], [6.0]], "does not answer with a row for each row"),
        (Responds, [[4.0], [6.0]], "does not answer with a row for each row"),
        (OnlyAlone, [[2.0], [3.0]], "does not answer with a row for each row"),
    ],
)
async def test_a_broken_promise_is_found_out(cls: Any, answers: Any, said: str, caplog: pytest.LogCaptureFixture):
    asked = Asked(cls())
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            assert (await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0)))[1:] == answers
    assert caplog.messages == [f"node 'n': row_wise = True has no effect from now on: predict {said}"]
    asked.component.seen.clear()
    await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0))
    assert asked.component.seen == [[1.0], [2.0], [3.0]]


class LiesToMany(Gate):
    def work(self, X: Any) -> Any:
        return super().work(X) + (len(X) > 4)


async def test_each_doubling_of_the_rows_is_tried(caplog: pytest.LogCaptureFixture):
    asked = Asked(LiesToMany())
    for rows in (2, 2, 2, 4, 8, 8):
        numbers = [float(number) for number in range(rows)]
        answers = await asked.release(await asked.held(0.0), *map(asked.ask, numbers))
        assert answers[1:] == [[2 * number] for number in numbers]
    what = "predict answers the rows of several requests otherwise than those of each"
    assert caplog.messages == [f"node 'n': row_wise = True has no effect from now on: {what}"]


class AtMostThree(Gate):
    def work(self, X: Any) -> Any:
        found = super().work(X)
        if len(X) > self.most:
            raise RuntimeError("too many")
        return found

    most = 100


async def test_fewer_are_joined_when_many_fail_that_do_not_fail_alone(caplog: pytest.LogCaptureFixture):
    asked = await Asked(AtMostThree()).proven()
    asked.component.most = 3
    numbers = [float(number) for number in range(6)]
    for _ in range(2):
        assert (await asked.release(await asked.held(0.0), *map(asked.ask, numbers)))[1:] == [[2 * n] for n in numbers]
    assert [len(rows) for rows in asked.component.seen] == [1, 6, *[1] * 6, 1, 3, 3]
    what = "calls for 6 rows together fail, and none of them alone; at most 3 are joined from now on"
    assert caplog.messages == [f"node 'n': {what}"]


async def test_a_request_that_fails_alone_too_explains_the_failure():
    asked = await Asked(Gate()).proven()
    for _ in range(2):
        await asked.release(await asked.held(0.0), *map(asked.ask, [1.0, 13.0, 3.0]))
    assert [len(rows) for rows in asked.component.seen] == [1, 3, 1, 1, 1, 1, 3, 1, 1, 1]


class Fickle(Gate):
    """Answers many rows with one, once its trials are over."""

    lumps = False

    def work(self, X: Any) -> Any:
        found = super().work(X)
        return found[:1] if self.lumps else found


async def test_an_answer_without_all_rows_is_asked_for_again():
    asked = await Asked(Fickle()).proven()
    asked.component.lumps = True
    assert await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0)) == [[2.0], [4.0], [6.0]]
    assert asked.component.seen == [[1.0], [2.0, 3.0], [2.0], [3.0]]


class InPlace(Gate):
    def work(self, X: Any) -> Any:
        super().work(X)
        X *= 2.0
        return X


async def test_what_changes_its_rows_in_place_is_asked_once_for_each():
    asked = await Asked(InPlace()).proven()
    found = await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(13.0), asked.ask(3.0))
    assert found[:2] + found[3:] == [[2.0], [4.0], [6.0]]
    assert await asked.release(await asked.held(1.0), asked.ask(2.0), asked.ask(3.0)) == [[2.0], [4.0], [6.0]]


async def test_a_component_that_promises_nothing_is_called_for_each_request_on_the_loop():
    class Silent(Gate):
        row_wise = False

    asked = Asked(Silent())
    assert await asked.release(*(asked.ask(float(number)) for number in range(4))) == [[0.0], [2.0], [4.0], [6.0]]
    assert asked.component.seen == [[0.0], [1.0], [2.0], [3.0]]
    assert asked.component.threads == {threading.main_thread().name}


async def test_the_loop_goes_on_while_it_works():
    asked = Asked(Gate())
    for _ in range(2):
        task, turns = await asked.held(1.0), 0
        while turns < 1000:
            await asyncio.sleep(0)
            turns += 1
        assert not task.done()
        await asked.release(task)


async def test_other_methods_wait_for_their_turn():
    asked = await Asked(Gate()).proven()
    first = await asked.held(1.0)
    feedback = {"request": {"data": {"ndarray": [[1]]}}, "reward": 0}
    told = asyncio.ensure_future(asked.caller.send_feedback(Envelope(FEEDBACK, "rest", document=feedback)))
    health = asyncio.ensure_future(asked.caller.health("rest"))
    others = [asked.ask(2.0), asked.ask(3.0)]
    assert await asked.release(first, *others) == [[2.0], [4.0], [6.0]]
    assert (await health).value().value == "healthy"
    await told


async def test_whoever_asks_when_the_pool_has_ended_is_told_so():
    pool = ThreadPoolExecutor(1)
    asked = Asked(Gate(), pool)
    first = await asked.held(1.0)
    pool.shutdown(wait=False)
    late = [asked.ask(2.0), asked.ask(3.0)]
    async with asyncio.timeout(10):
        await asyncio.wait(late)
        with pytest.raises(RuntimeError, match="after shutdown"):
            await asked.ask(4.0)
        assert await asked.release(first) == [[2.0]]
    for task in late:
        assert str(task.exception()) == "cannot schedule new futures after shutdown"


ROWS = 1000
LARGE = [20.0 + row for row in range(ROWS)]


async def in_parts(component: Gate, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A component of which large requests are asked for in two parts or more, after its trials."""
    monkeypatch.setattr(joining, "PART_S", SLOW_S / 2)
    asked = Asked(component)
    for _ in range(4):  # the first one is only measured
        await asked.ask(*LARGE)
    component.seen.clear()
    return asked


async def test_a_large_request_is_made_in_parts_with_others_in_between(monkeypatch: pytest.MonkeyPatch):
    asked = await in_parts(Gate(), monkeypatch)
    large = await asked.held(*LARGE)
    small = [asked.ask(2.0), asked.ask(3.0, 4.0)]
    assert await asked.release(large, *small) == [[2.0 * row for row in LARGE], [4.0], [6.0, 8.0]]
    first, second = asked.component.seen[:2]
    assert len(first) <= ROWS // 2
    assert second == [2.0]
    parts = [seen for seen in asked.component.seen if len(seen) > 3]
    assert [row for part in parts for row in part] == LARGE


async def test_parts_are_tried_before_they_are_relied_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(joining, "PART_S", SLOW_S / 2)
    asked = Asked(Gate())
    for call in range(4):
        assert await asked.release(asked.ask(*LARGE)) == [[2.0 * row for row in LARGE]]
        assert len(asked.component.seen[-1]) == ROWS
        assert sum(map(len, asked.component.seen)) == ROWS * (1 + 2 * call)
    await asked.ask(*LARGE)
    assert len(asked.component.seen[-1]) < ROWS


async def test_an_error_in_a_part_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    asked = await in_parts(Gate(), monkeypatch)
    for place in (0, ROWS - 1):
        rows = [1.0] * ROWS
        rows[place] = 13.0
        with pytest.raises(UnitFailed, match="thirteen"):
            await asked.ask(*rows)
        assert len(asked.component.seen[-1]) == ROWS
    assert await asked.release(asked.ask(*[1.0] * ROWS)) == [[2.0] * ROWS]


async def test_who_goes_between_two_parts_is_not_answered(monkeypatch: pytest.MonkeyPatch):
    asked = await in_parts(Gate(), monkeypatch)
    large = await asked.held(*LARGE)
    large.cancel()
    small = asked.ask(2.0)
    assert await asked.release(small) == [[4.0]]
    assert [len(seen) for seen in asked.component.seen][1:] == [1]


class ByCount(Gate):
    """Breaks its promise: answers depend on how many rows there are."""

    def work(self, X: Any) -> Any:
        return super().work(X) + len(X)


class Fewer(Gate):
    """Breaks its promise: it answers with one row."""

    def work(self, X: Any) -> Any:
        return super().work(X)[:1]


@pytest.mark.parametrize(
    ("cls", "answer"), [(ByCount, [2.0 * row + ROWS for row in LARGE]), (Fewer, [40.0])], ids=["count", "fewer"]
)
async def test_who_breaks_its_promise_is_asked_for_the_whole(
    cls: type[Gate], answer: list[float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    asked = await in_parts(cls(), monkeypatch)
    assert await asked.release(asked.ask(*LARGE)) == [answer]
    assert [len(seen) for seen in asked.component.seen] == [ROWS]
    assert "row_wise = True has no effect from now on" in caplog.text


class Quick:
    row_wise = True

    def __init__(self) -> None:
        self.threads: list[str] = []

    def predict(self, X: Any, names: Any) -> Any:
        self.threads.append(threading.current_thread().name)
        return X


async def test_what_is_quick_is_called_on_the_loop_as_soon_as_that_is_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "QUICK_S", 1.0)
    asked = Asked(Quick())
    for _ in range(20):
        await asked.ask(1.0)
    ours = threading.main_thread().name
    assert asked.component.threads[0] != ours
    assert asked.component.threads[1:] == [ours] * 19


async def test_a_request_alone_is_not_put_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "QUICK_S", 0.0)
    monkeypatch.setattr(batching, "LOOP_S", 1.0)
    asked = Asked(Quick())
    await asked.ask(1.0)
    for _ in range(5):
        asking = asked.caller.transform("predict", Envelope(MESSAGE, "rest", value=Message("ndarray", np.ones((1, 1)))))
        with pytest.raises(StopIteration):  # it waits for nothing
            asking.send(None)
        await asyncio.sleep(0)
    assert len(asked.component.threads) == 6


async def test_company_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "QUICK_S", 0.0)
    monkeypatch.setattr(batching, "LOOP_S", 1.0)
    asked = Asked(Quick())
    for _ in range(3):
        await asyncio.gather(asked.ask(1.0), asked.ask(2.0))
    request = Envelope(MESSAGE, "rest", value=Message("ndarray", np.ones((1, 1))))
    waits = []
    for _ in range(40):
        asking = asyncio.ensure_future(asked.caller.transform("predict", request))
        await asyncio.sleep(0)
        waits.append(not asking.done())
        await asking
    assert waits == [True] * 32 + [False] * 8


async def test_on_the_loop_too_what_comes_in_one_turn_is_one_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "QUICK_S", 0.0)
    monkeypatch.setattr(batching, "LOOP_S", 1.0)
    asked = Asked(Quick())
    for _ in range(8):  # its cost is learnt, the trials pass
        await asyncio.gather(*(asked.ask(float(number)) for number in range(4)))
    assert set(asked.component.threads[-2:]) == {threading.main_thread().name}
    await asyncio.gather(*(asked.ask(float(number)) for number in range(40)))
    before = len(asked.component.threads)
    tasks = [asked.ask(float(number)) for number in range(40)]
    await asyncio.gather(*tasks)
    assert [values(task) for task in tasks] == [[[float(number)]] for number in range(40)]
    assert len(asked.component.threads) - before <= 2  # of a size unknown so far: in a thread


async def test_an_error_that_is_no_exception_reaches_its_request():
    class Cancelled(Gate):
        def work(self, X: Any) -> Any:
            super().work(X)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Asked(Cancelled()).ask(1.0)


@pytest.mark.parametrize("rows", [1, 2000])
async def test_a_request_that_fails_is_not_kept_until_garbage_is_looked_for(rows: int):
    asked = Asked(Gate())
    gc.disable()
    try:
        values = np.full((rows, 1), 13.0)
        kept = weakref.ref(values)
        request = Envelope(MESSAGE, "rest", value=Message("ndarray", values, ["f"]))
        del values
        with suppress(UnitFailed):
            await asked.caller.transform("predict", request)
        del request
        await until(lambda: kept() is None)
    finally:
        gc.enable()


class Mixed:
    """Row by row, of rows of any width; some it refuses."""

    row_wise = True

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        rows = np.asarray(X, dtype=float)
        if (rows > 90).any():
            raise InvalidPayload(f"{int(rows.max())} is too much")
        return np.column_stack([rows.sum(axis=1), rows.max(axis=1) > 50])


class Unjoined(Mixed):
    row_wise = False


def requests() -> st.SearchStrategy[Message]:
    number = st.integers(0, 100)

    def of(width: int) -> st.SearchStrategy[Message]:
        rows = st.lists(st.lists(number, min_size=width, max_size=width), min_size=1, max_size=9)
        return st.builds(
            lambda rows, kind, dtype, named, puid: Message(
                kind, np.array(rows, dtype), ["a", "b", "c"][:width] if named else [], Meta(puid=puid)
            ),
            rows,
            st.sampled_from(["tensor", "ndarray"]),
            st.sampled_from([np.float64, np.int64]),
            st.booleans(),
            st.sampled_from(["", "p", "q"]),
        )

    return st.integers(1, 3).flatmap(of)


async def answers(component: Any, messages: list[Message]) -> list[Any]:
    caller = Caller(read(component, "n"), Identity("n", "image:1"), Sink())

    async def one(message: Message) -> Any:
        try:
            answer = await caller.transform("predict", Envelope(MESSAGE, "rest", value=message))
        except InvalidPayload as error:
            return str(error)
        return answer.text().body

    return await asyncio.gather(*map(one, messages))


@pytest.mark.parametrize("loop_s", [-1.0, 1.0], ids=["in a thread", "on the loop"])
@settings(max_examples=60, deadline=None)
@given(messages=st.lists(requests(), min_size=1, max_size=40))
def test_answers_are_the_same_bytes_as_of_requests_one_by_one(loop_s: float, messages: list[Message]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "QUICK_S", -1.0)
        patch.setattr(batching, "LOOP_S", loop_s)
        assert asyncio.run(answers(Mixed(), messages)) == asyncio.run(answers(Unjoined(), messages))
