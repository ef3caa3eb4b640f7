"""When and where the calls of a component are made that promises to work row by row.

A quick call is made at once, as for any component, and so is that of a request without company.
Others wait for the end of the loop's turn, and what came in it is one call; a slow one runs in a
thread, and what comes meanwhile is the next. Nothing waits for a timer. The component sees one
call at a time, oldest first, and of a large request a part at a time; as many as the pool has threads, if one is given.

Which requests can be joined, and how, stands in `joining` and `row_wise`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, NamedTuple

from servegraph.component.contract import Hook
from servegraph.component.invoke import UserCode
from servegraph.component.joining import Answer, Call, Joining, Outcome
from servegraph.component.row_wise import rows_of
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope

QUICK_S = 20e-6  # so little is not worth joining
LOOP_S = 2e-3  # a thread costs 0.1 ms; and nothing else should have to wait longer
MEASURED = 8  # of so many calls that are made at once, one is measured
COMPANY = 32  # calls for one request each, after which it is taken to be the only one
THREAD_NAME = "component"  # how the thread's name begins


Prompt = Callable[[Envelope[Message]], Answer | None]
"""Answers a request at once, or not at all; raises as `Caller.transform`."""


class _Waiting(NamedTuple):
    call: Call
    future: asyncio.Future[Answer]


class Batches:
    """Makes the calls of `predict`, `transform_input` and `transform_output`, for requests of one event loop.

    Args:
        node: its name, for the log.
        pool: where all calls are made; None for the event loop, and a thread of our own while they are slow.
    """

    def __init__(self, node: str, code: UserCode, pool: Executor | None) -> None:
        self._joining = Joining(node, code)
        self._given = pool
        self._own: Executor | None = None
        self._lock = Lock()
        self._queue: deque[_Waiting] = deque()
        self._is_begun = False  # whether somebody is about to look into the queue
        self._in_threads = 0
        self._company = 0
        self._is_turn = False  # whether a call was made at once in this turn of the loop
        self._quick = 0  # calls for `prompt`; of so many, one was measured instead

    @property
    def is_in_thread(self) -> bool:
        """Whether the component is being called in a thread of our own, so that nobody else may call it."""
        return self._given is None and self._in_threads > 0

    def in_turn[T](self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """What a function returns that calls the component, in our own thread."""
        done = self._submit(function, *arguments)
        done.add_done_callback(lambda _: self._leave_thread())  # if it is cancelled, too
        return asyncio.wrap_future(done)

    def prompt(self, ask: Prompt, method: str) -> Prompt:
        """Answers as `ask` while calls of the method are quick; None if this one is not, or is to be measured."""
        means = self._joining.cost.means

        def answer(request: Envelope[Message]) -> Answer | None:
            seconds = means.get((method, rows_of(request.value()).bit_length()))
            if seconds is None or seconds > QUICK_S or self._is_begun or self._in_threads:
                return None
            self._quick += 1
            return ask(request) if self._quick % MEASURED else None

        return answer

    async def transform(self, method: str, hook: Hook, request: Envelope[Message]) -> Answer:
        """The answer; raises as `Caller.transform`."""
        call = self._joining.call(method, hook, request)
        if self._goes_at_once(method, call.rows):
            self._is_turn = True
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._notice(1)
            return self._joining.alone(call)
        # No variable holds the future: an error would keep it, and with it the message, until garbage is looked for.
        return await self._queued(call)

    def _queued(self, call: Call) -> asyncio.Future[Answer]:
        """Where the answer will be."""
        loop = asyncio.get_running_loop()
        self._joining.open(call)
        waiting = _Waiting(call, loop.create_future())
        with self._lock:
            self._queue.append(waiting)
            is_begun, self._is_begun = self._is_begun, True
        if not is_begun:
            loop.call_soon(self._begin)
        return waiting.future

    def _goes_at_once(self, method: str, rows: int) -> bool:
        """Whether a call is quick, or the component is idle and the loop has no other request for it."""
        if self._given is not None or self._is_begun or self._in_threads:
            return False
        seconds = self._joining.cost.expected(method, rows)
        if seconds is None or seconds > LOOP_S:
            return False
        if self._is_turn and seconds > QUICK_S:
            self._company = COMPANY
        return seconds <= QUICK_S or not self._company

    def _end_turn(self) -> None:
        self._is_turn = False

    def _begin(self) -> None:
        """Make the oldest call, or have it made; on the loop."""
        if self._given is not None or self._in_threads:
            self._hand_over()
            return
        batch, is_more = self._next()
        if batch and self._fits_loop(batch):
            self._deliver(batch, self._made(batch))
        elif batch:
            self._hand_over(batch)
        if is_more:
            asyncio.get_running_loop().call_soon(self._begin)

    def _fits_loop(self, batch: Sequence[_Waiting]) -> bool:
        rows = sum(waiting.call.rows for waiting in batch)
        seconds = self._joining.cost.expected(batch[0].call.method, rows)
        return seconds is not None and seconds <= LOOP_S

    def _hand_over(self, batch: list[_Waiting] | None = None) -> None:
        """Have a thread make the oldest call, or the one given; if there is none any more, whoever waits is told so."""
        try:
            self._submit(self._work, batch)
        except RuntimeError as error:
            if batch is None:
                with self._lock:
                    batch, self._queue, self._is_begun = list(self._queue), deque(), False
            outcomes: list[Outcome] = [error] * len(batch)
            if batch:
                batch[0].future.get_loop().call_soon_threadsafe(self._deliver, batch, outcomes)

    def _work(self, batch: list[_Waiting] | None) -> None:
        """Make the oldest call, or the one given; in a thread."""
        try:
            if batch is None:
                batch, is_more = self._next()
                if is_more:
                    self._hand_over()
            outcomes = self._made(batch) if batch else []
        finally:
            self._leave_thread()
        if batch:
            batch[0].future.get_loop().call_soon_threadsafe(self._deliver, batch, outcomes)

    def _made(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """What became of each; those that must be called for again are in the queue."""
        try:
            outcomes = self._joining.made(_calls(batch))
        except BaseException as error:  # there is no memory: whoever waits must not wait for ever
            return [error] * len(batch)
        again = [waiting for waiting, outcome in zip(batch, outcomes, strict=True) if outcome is None]
        if again:
            self._make_again(again)
        return outcomes

    def _next(self) -> tuple[list[_Waiting], bool]:
        """The oldest request and those to be called with it; and whether others are left, for which to come again.

        Requests that nobody waits for any more are dropped.
        """
        with self._lock:
            waiting = [each for each in self._queue if not each.future.done()]
            places = self._joining.joinable(_calls(waiting)) if waiting else []
            batch = [waiting[place] for place in places]
            taken = set(places)
            self._queue = deque(each for place, each in enumerate(waiting) if place not in taken)
            self._is_begun = bool(self._queue)
            return batch, self._is_begun

    def _submit[T](self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have a thread do it, after all that it has to do already."""
        if self._given is None and self._own is None:
            self._own = ThreadPoolExecutor(1, thread_name_prefix=THREAD_NAME)
        pool = self._given or self._own
        assert pool is not None
        with self._lock:
            self._in_threads += 1
        try:
            return pool.submit(function, *arguments)
        except RuntimeError:  # it was shut down
            self._leave_thread()
            raise

    def _leave_thread(self) -> None:
        with self._lock:
            self._in_threads -= 1

    def _deliver(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        """Tell those who wait; on the loop. The lists are empty then."""
        self._notice(sum(outcome is not None for outcome in outcomes))
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if outcome is None or waiting.future.done():
                continue
            if isinstance(outcome, BaseException):
                waiting.future.set_exception(outcome)
            else:
                waiting.future.set_result(outcome)
        batch.clear()  # an error remembers where it was raised, and that both lists were known there: it would
        outcomes.clear()  # keep itself, and with it the message, until garbage is looked for

    def _make_again(self, batch: Sequence[_Waiting]) -> None:
        """Call for each of these alone, before all others; but for the next part of a large one after all others."""
        with self._lock:
            if batch[0].call.at:
                self._queue.extend(batch)
            else:
                for waiting in batch:
                    waiting.call.form = None
                self._queue.extendleft(reversed(batch))
            is_begun, self._is_begun = self._is_begun, True
        if not is_begun:
            batch[0].future.get_loop().call_soon_threadsafe(self._begin)

    def _notice(self, requests: int) -> None:
        """A call was for so many requests."""
        if requests > 1:
            self._company = COMPANY
        elif requests and self._company:
            self._company -= 1


def _calls(batch: Sequence[_Waiting]) -> list[Call]:
    return [waiting.call for waiting in batch]
