"""One run: rows out at a rate, answers and the server's status in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any

from servegraph.errors import EnvironmentFault
from servegraph.traffic.client import Answer, Client, RequestFailed
from servegraph.traffic.drift import DriftLog
from servegraph.traffic.load import send_at_rate
from servegraph.traffic.status import ServerStatus, StatusPage
from servegraph.traffic.stream import Row
from servegraph.traffic.tally import Tally, arm_of

CONCURRENCY = 64
"""Rows in flight at most."""

SETTLE_S = 5.0
"""How long the monitor may take, after the last answer, to test the windows that are full."""

_POLL_S = 1.0
_SETTLE_POLL_S = 0.2


class Session:
    """Sends rows with `client`, and counts.

    `status` is the server's before the first row; `show` is called with the session every
    `interval` seconds, and must return at once.
    """

    def __init__(
        self, client: Client, page: StatusPage, status: ServerStatus, show: Callable[["Session"], None], interval: float
    ) -> None:
        self._client = client
        self._page = page
        self._show = show
        self._interval = interval
        self._before = status
        self._latest = status
        self._started = monotonic()
        self._ended: float | None = None
        self.tally = Tally()
        self.drift = DriftLog(status.detectors)

    @property
    def seconds(self) -> float:
        """From the first row sent to the last answer, or until now."""
        return (self._ended or monotonic()) - self._started

    async def run(self, rows: Iterable[Row], rate: float, feedback: bool, stop: asyncio.Event) -> None:
        """Send all rows at `rate` a second, then wait for the monitor; less when `stop` is set."""

        async def one(row: Row) -> None:
            await self._send(row, feedback)

        self._started = monotonic()
        async with _background(self._showing()):
            async with _background(self._polling()):
                await send_at_rate(rows, rate, CONCURRENCY, one, stop)
            self._ended = monotonic()
            await self._settle(stop)

    async def _send(self, row: Row, feedback: bool) -> None:
        self.tally.sent += 1
        asked = monotonic()
        try:
            answer = await self._client.predict(row.values)
        except RequestFailed as failure:
            self.tally.failures.add(failure.reason, str(failure))
            return
        now = monotonic()
        arm = arm_of(answer.routing, self._before.children)
        self.tally.answered(arm, answer.predicted == row.label, row.shifted, asked, now)
        self.drift.tagged(answer.tags, row.number, asked, now)
        if feedback:
            await self._reward(answer, row.label)

    async def _reward(self, answer: Answer, label: int) -> None:
        try:
            await self._client.send_feedback(answer.puid, 1.0 if answer.predicted == label else 0.0, label)
        except RequestFailed as failure:
            self.tally.feedback_failures.add(failure.reason, str(failure))
        else:
            self.tally.feedback_ok += 1

    async def _showing(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            self._show(self)

    async def _polling(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            await self._poll()

    async def _poll(self) -> None:
        # A server that is gone shows in the counts; here there is just nothing to learn.
        asked, row = monotonic(), self.tally.sent
        with suppress(EnvironmentFault):
            self._latest = await self._page.read()
            self.drift.reported(self._latest.detectors, row, asked, monotonic())

    async def _settle(self, stop: asyncio.Event) -> None:
        end = monotonic() + SETTLE_S
        await self._poll()
        while not (self._settled() or stop.is_set() or monotonic() > end):
            await asyncio.sleep(_SETTLE_POLL_S)
            await self._poll()

    def _settled(self) -> bool:
        if not self._latest.detectors:
            return True
        return self._latest.rows_done - self._before.rows_done >= self.tally.ok + self._before.queued


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
