"""One place that events are sent to: a bounded queue, workers that empty it, and counts.

A sink that is slow, hangs or is gone leads to counted drops and a line in the log at most once a
minute; it never leads to a wait on the request path or to growing memory.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from servegraph.payload.compression import unzipped
from servegraph.request_log.event import Event, Origin, headers

if TYPE_CHECKING:
    import aiohttp

SAY_AGAIN_S = 60.0
_QUIET = frozenset(("Accept", "Content-Type"))  # aiohttp would make them up
_LONGEST_ANSWER = 64 * 1024
MAX_UNPACKED = 32 * 1024 * 1024  # bytes of a gzip body

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sink may cost.

    Attributes:
        queue: events that may wait.
        queue_bytes: their bodies' bytes, those that are being sent included.
        workers: events that are sent at the same time.
        delivery_s: seconds that a sink may take for an event.
        flush_s: seconds for what still waits at the end.
    """

    queue: int = 10_000
    queue_bytes: int = 64 * 1024 * 1024
    workers: int = 10
    delivery_s: float = 5.0
    flush_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a sink's events: delivered, refused or not reached, never sent."""

    sent: int
    failed: int
    dropped: int


class Sink:
    """Used from one asyncio loop, by one thread. `name` is its address without what may be secret."""

    def __init__(self, url: str, origin: Origin, limits: Limits) -> None:
        self.name = _public(url)
        self._url = url
        self._origin = origin
        self._limits = limits
        self._queue: asyncio.Queue[Event] = asyncio.Queue(limits.queue)
        self._bytes = 0
        self._sent = self._failed = self._dropped = 0
        self._closing = asyncio.Event()
        self._said: float | None = None

    @property
    def is_full(self) -> bool:
        """Whether another event would be dropped whatever its size."""
        return self._closing.is_set() or self._queue.full() or self._bytes >= self._limits.queue_bytes

    def counts(self) -> Counts:
        return Counts(self._sent, self._failed, self._dropped)

    def offer(self, event: Event) -> None:
        """Queue an event; one that does not fit is dropped and counted."""
        if self.is_full or self._bytes + len(event.body) > self._limits.queue_bytes:
            self.drop("the queue is full")
            return
        self._bytes += len(event.body)
        self._queue.put_nowait(event)

    def drop(self, why: str) -> None:
        """Count an event that is not sent."""
        self._dropped += 1
        self._complain(why)

    def close(self) -> None:
        """Take nothing more, and let `run` end."""
        self._closing.set()

    async def run(self, session: "aiohttp.ClientSession") -> None:
        """Send until `close`, then what still waits as long as that may take."""
        workers = [asyncio.create_task(self._work(session)) for _ in range(self._limits.workers)]
        try:
            await self._closing.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._queue.join(), self._limits.flush_s)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._abandon()

    def _abandon(self) -> None:
        while not self._queue.empty():
            self._bytes -= len(self._queue.get_nowait().body)
            self.drop("the end came first")

    async def _work(self, session: "aiohttp.ClientSession") -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._deliver(session, event)
                self._sent += 1
            except Exception as error:  # whatever it is, the next event shall be sent
                self._fail(_cause(error))
            except asyncio.CancelledError:
                self._fail("the end came first")
                raise
            finally:
                self._bytes -= len(event.body)
                self._queue.task_done()

    async def _deliver(self, session: "aiohttp.ClientSession", event: Event) -> None:
        body = await asyncio.to_thread(unzipped, event.body, MAX_UNPACKED) if event.is_packed else event.body
        said = headers(event, self._origin)
        async with session.post(self._url, data=body, headers=said, skip_auto_headers=_QUIET) as answer:
            await answer.content.read(_LONGEST_ANSWER)  # so that the connection can be used again
            if answer.status >= 300:
                raise ValueError(f"status {answer.status}")

    def _fail(self, why: str) -> None:
        self._failed += 1
        self._complain(why)

    def _complain(self, why: str) -> None:
        if self._said is not None and monotonic() - self._said < SAY_AGAIN_S:
            return
        self._said = monotonic()
        text = "request log to %s: %s (%d sent, %d failed, %d dropped)"
        log.warning(text, self.name, why, self._sent, self._failed, self._dropped)


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _cause(error: Exception) -> str:
    import aiohttp

    # These two tell the whole address, password and all.
    says_address = isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL)
    return type(error).__name__ if says_address else str(error) or type(error).__name__
