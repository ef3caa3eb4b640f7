"""Threads for user code that can be given up on.

A thread cannot be stopped. Where a component hangs, the threads it hangs in are left behind and
new ones take their place, so that the next request finds a free one.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from servegraph.component.batching import THREAD_NAME

MOST_ABANDONED = 8  # hanging threads cost memory; beyond this requests wait, and time out

log = logging.getLogger(__name__)


class _Call(NamedTuple):
    """What waits for a thread."""

    future: Future[Any]
    function: Callable[[], Any]


class PatientPool(Executor):
    """A pool of `threads` threads that can be replaced by new ones.

    Attributes:
        abandoned: how often that was done; whoever asks for it says when it began to wait.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._lock = Lock()
        self._waiting: dict[Future[Any], _Call] = {}
        self._running = 0
        self._pool = self._new()
        self.abandoned = 0

    def _new(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix=THREAD_NAME)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        call = _Call(Future(), partial(function, *arguments, **named))
        with self._lock:
            self._waiting[call.future] = call
            self._pool.submit(self._run, call)
        return call.future

    def _run(self, call: _Call) -> None:
        with self._lock:
            # A call that was moved to new threads is found by them, or by the old ones if those are free first.
            if self._waiting.pop(call.future, None) is None or not call.future.set_running_or_notify_cancel():
                return
            self._running += 1
        try:
            call.future.set_result(call.function())
        except BaseException as error:  # whoever waits for the future decides what it is
            call.future.set_exception(error)
        finally:
            with self._lock:
                self._running -= 1

    @property
    def is_busy(self) -> bool:
        """Whether user code is running, or hanging."""
        return self._running > 0

    def abandon(self, since: int) -> None:
        """Leave what runs to itself, and go on with new threads; not if that was done `since` then."""
        with self._lock:
            if self.abandoned != since or self.abandoned >= MOST_ABANDONED:
                return
            self.abandoned += 1
            left, self._pool = self._pool, self._new()
            for call in self._waiting.values():
                self._pool.submit(self._run, call)
        left.shutdown(wait=False)
        log.warning("the component did not answer in time; it goes on in a thread of its own")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
