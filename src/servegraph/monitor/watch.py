"""One detector at work: rows wait until a window is full, a thread tests it, the state is told.

Rows that come faster than they can be tested are not read from the socket, so that they queue,
and are counted when dropped, in one place only: the client.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from servegraph.monitor.detector import Detector
from servegraph.monitor.judge import judge
from servegraph.monitor.rows import Chunk, RowQueue
from servegraph.verdict import DetectorState

_WINDOWS_WAITING = 4
"""Windows that may wait for a test before no more rows are taken."""

_TEXT_LIMIT = 300
"""Characters kept of an error's text."""


class DetectorWatch:
    """Runs `detector` for `node`; `tell` is called, on the loop, after each window.

    Attributes:
        tried: whether the detector was loaded, or cannot be.
    """

    def __init__(self, node: str, detector: Detector, threads: Executor, tell: Callable[[], None]) -> None:
        self._node = node
        self._detector = detector
        self._threads = threads
        self._tell = tell
        self._last = DetectorState(node)
        self._rows = RowQueue()
        self._changed = asyncio.Condition()
        self._loaded = False
        self.tried = asyncio.Event()

    @property
    def state(self) -> DetectorState:
        return replace(self._last, window=self._detector.window, waiting=len(self._rows))

    @property
    def rows(self) -> Sequence[Chunk]:
        """The rows that wait; those under test are not among them."""
        return tuple(self._rows)

    def resume(self, state: DetectorState, rows: Sequence[Chunk]) -> None:
        """Go on where an earlier process stopped; to be called before `run`."""
        self._last = state
        for chunk in rows:
            self._rows.put(chunk)

    async def put(self, chunk: Chunk) -> None:
        """Queue rows; waits while enough of them wait already."""
        async with self._changed:
            await self._changed.wait_for(self._has_room)
            self._rows.put(chunk)
            self._changed.notify_all()

    async def run(self) -> None:
        """Load the detector, then test window after window, for ever."""
        failure = await self._in_thread(self._load)
        if failure is not None:
            self._learn(failure)
        self.tried.set()
        while True:
            async with self._changed:
                await self._changed.wait_for(self._is_full)
                window = self._rows.take(self._detector.window)
                self._changed.notify_all()
            finding = await self._in_thread(partial(self._test, window))
            windows = Counter(self._last.windows)
            windows[finding.verdict] += 1
            self._learn(replace(finding, windows=dict(windows), last_run=time.time()))

    async def _in_thread[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _learn(self, state: DetectorState) -> None:
        self._last = state
        self._tell()

    def _load(self) -> DetectorState | None:
        """The state that says why the detector cannot be loaded, or None."""
        try:
            self._detector.load_detector()
        except Exception as error:
            return self._failed("load_detector()", error)
        self._loaded = True
        return None

    def _test(self, window: Sequence[Chunk]) -> DetectorState:
        failure = None if self._loaded else self._load()
        if failure is not None:
            return failure
        try:
            return judge(self._node, self._detector, window)
        except Exception as error:
            return self._failed("the test", error)

    def _failed(self, what: str, error: Exception) -> DetectorState:
        text = f"{what} raised {type(error).__name__}: {error}"[:_TEXT_LIMIT]
        return replace(self._last, verdict="error", reason=text, features=(), p_values={}, distances={}, missing={})

    def _has_room(self) -> bool:
        return len(self._rows) < _WINDOWS_WAITING * self._detector.window

    def _is_full(self) -> bool:
        return len(self._rows) >= self._detector.window
