"""When and where the calls of a component are made that promises to work row by row.

A quick call is made at once, as for any component, and so is that of a request without company.
Others wait for the end of the loop's turn, and what came in it is one call; a slow one runs in a
thread, and what comes meanwhile is the next. Nothing waits for a timer. The component sees one
call at a time, oldest first, and of a large request a part at a time; as many as the pool has threads, if one is given.

Which requests can be joined, and how, stands in `joining` and `row_wise`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from servegraph.component.contract import Hook
from servegraph.component.invoke import UserCode
from servegraph.component.joining import Answer, Call, Joining, Outcome
from servegraph.component.row_wise import rows_of
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope

QUICK_S = 5e-6  # so little is not worth joining
LOOP_S = 2e-3  # a thread costs 0.1 ms; and nothing else should have to wait longer
MEASURED = 8  # of so many calls that are made at once, one is measured
COMPANY = 32  # calls for one request each, after which it is taken to be the only one
THREAD_NAME = "component"  # how the thread's name begins


Prompt = Callable[[Envelope[Message]], Answer]
"""Answers a request at once; raises as `Caller.transform`."""

Ask = Callable[[Envelope[Message]], Answer | Awaitable[Answer]]
"""Answers a request, at once or later; raises as `Caller.transform`, either way."""


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
        self._queue: deque[Call] = deque()
        self._is_begun = False  # whether somebody is about to look into the queue
        self._in_threads = 0
        self._company = 0
        self._is_turn = False  # whether a call was made at once in this turn of the loop
        self._at_once = 0  # calls; of so many, one is measured

    @property
    def is_in_thread(self) -> bool:
        """Whether the component is being called in a thread of our own, so that nobody else may call it."""
        return self._given is None and self._in_threads > 0

    def in_turn[T](self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """What a function returns that calls the component, in our own thread."""
        done = self._submit(function, *arguments)
        done.add_done_callback(lambda _: self._leave_thread())  # if it is cancelled, too
        return asyncio.wrap_future(done)

    def asker(self, method: str, hook: Hook, prompt: Prompt) -> Ask:
        """Asks the method; `prompt` is what calls it at once."""

        def ask(request: Envelope[Message]) -> Answer | Awaitable[Answer]:
            rows = rows_of(request.value())
            if not self._goes_at_once(method, rows):
                return self._queued(self._joining.call(method, hook, request, rows))
            self._begin_turn()
            self._at_once += 1
            if self._at_once % MEASURED:
                return prompt(request)
            return self._joining.alone(self._joining.call(method, hook, request, rows))

        return ask

    def _queued(self, call: Call) -> asyncio.Future[Answer]:
        """Where the answer will be."""
        loop = asyncio.get_running_loop()
        self._joining.open(call)
        future = call.future = loop.create_future()
        with self._lock:
            self._queue.append(call)
            is_begun, self._is_begun = self._is_begun, True
        if not is_begun:
            loop.call_soon(self._begin)
        return future

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

    def _begin_turn(self) -> None:
        """Another request in this turn of the loop has company."""
        self._is_turn = True
        asyncio.get_running_loop().call_soon(self._end_turn)
        self._notice(1)

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

    def _fits_loop(self, batch: Sequence[Call]) -> bool:
        rows = sum(call.rows for call in batch)
        seconds = self._joining.cost.expected(batch[0].method, rows)
        return seconds is not None and seconds <= LOOP_S

    def _hand_over(self, batch: list[Call] | None = None) -> None:
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

    def _work(self, batch: list[Call] | None) -> None:
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

    def _made(self, batch: Sequence[Call]) -> list[Outcome]:
        """What became of each; those that must be called for again are in the queue."""
        try:
            outcomes = self._joining.made(batch)
        except BaseException as error:  # there is no memory: whoever waits must not wait for ever
            return [error] * len(batch)
        again = [call for call, outcome in zip(batch, outcomes, strict=True) if outcome is None]
        if again:
            self._make_again(again)
        return outcomes

    def _next(self) -> tuple[list[Call], bool]:
        """The oldest request and those to be called with it; and whether others are left, for which to come again.

        Requests that nobody waits for any more are dropped.
        """
        with self._lock:
            waiting = [each for each in self._queue if not each.future.done()]
            places = self._joining.joinable(waiting) if waiting else []
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

    def _deliver(self, batch: list[Call], outcomes: list[Outcome]) -> None:
        """Tell those who wait; on the loop. The lists are empty then."""
        self._notice(sum(outcome is not None for outcome in outcomes))
        for call, outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                continue
            future, call.future = call.future, None  # an error knows its call, and would keep itself
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        batch.clear()  # an error remembers where it was raised, and that both lists were known there: it would
        outcomes.clear()  # keep itself, and with it the message, until garbage is looked for

    def _make_again(self, batch: Sequence[Call]) -> None:
        """Call for each of these alone, before all others; but for the next part of a large one after all others."""
        with self._lock:
            if batch[0].at:
                self._queue.extend(batch)
            else:
                for call in batch:
                    call.form = None
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
