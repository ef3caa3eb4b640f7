"""One place that events are sent to, in the shipper: workers that empty a queue, and counts.

The queue has no bound of its own: the server takes no more events than may wait. A sink that is slow,
hangs or is gone keeps nobody but its own events.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from servegraph.payload.compression import unzipped
from servegraph.request_log.event import headers
from servegraph.request_log.snapshot import printed
from servegraph.request_log.wire import LARGE, THE_END, Event, Limits, Origin, Report

if TYPE_CHECKING:
    import aiohttp

_QUIET = frozenset(("Accept", "Content-Type"))  # aiohttp would make them up
_LONGEST_ANSWER = 64 * 1024
MAX_UNPACKED = 32 * 1024 * 1024  # bytes of a gzip body


class _Unwritable(Exception):
    """A message has no form in which it could be sent."""


class Sink:
    """Used from one asyncio loop, by one thread."""

    def __init__(self, url: str, origin: Origin, limits: Limits) -> None:
        self._url = url
        self._origin = origin
        self._limits = limits
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._sent = self._failed = self._dropped = self._taken_bytes = 0
        self._why = ""
        self._closing = asyncio.Event()
        self._flush_s = limits.flush_s

    def report(self) -> Report:
        return Report(self._sent, self._failed, self._dropped, self._taken_bytes, self._why)

    def offer(self, event: Event) -> None:
        """Queue an event."""
        self._queue.put_nowait(event)

    def close(self, flush_s: float | None) -> None:
        """Let `run` end after so many seconds, or those of the limits, or as soon as nothing waits."""
        self._flush_s = self._limits.flush_s if flush_s is None else flush_s
        self._closing.set()

    async def run(self, session: "aiohttp.ClientSession") -> None:
        """Send until `close`, then what still waits as long as that may take."""
        workers = [asyncio.create_task(self._work(session)) for _ in range(self._limits.workers)]
        try:
            await self._closing.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._queue.join(), self._flush_s)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            while not self._queue.empty():
                self._drop(self._queue.get_nowait(), THE_END)

    async def _work(self, session: "aiohttp.ClientSession") -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._deliver(session, event)
            except _Unwritable as error:
                self._drop(event, str(error))
            except Exception as error:  # whatever it is, the next event shall be sent
                self._fail(event, _cause(error))
            except asyncio.CancelledError:
                self._fail(event, THE_END)
                raise
            else:
                self._sent += 1
                self._taken_bytes += len(event.body)
            finally:
                self._queue.task_done()

    async def _deliver(self, session: "aiohttp.ClientSession", event: Event) -> None:
        takes_long = event.is_packed or (event.numbers is not None and len(event.body) > LARGE)
        body = await asyncio.to_thread(_body, event) if takes_long else _body(event)
        said = headers(event, self._origin)
        async with session.post(self._url, data=body, headers=said, skip_auto_headers=_QUIET) as answer:
            await answer.content.read(_LONGEST_ANSWER)  # so that the connection can be used again
            if answer.status >= 300:
                raise ValueError(f"status {answer.status}")

    def _fail(self, event: Event, why: str) -> None:
        self._failed += 1
        self._taken_bytes += len(event.body)
        self._why = why

    def _drop(self, event: Event, why: str) -> None:
        self._dropped += 1
        self._taken_bytes += len(event.body)
        self._why = why


def _body(event: Event) -> bytes:
    """What is sent; raises _Unwritable, and ValueError for what cannot be unpacked."""
    if event.numbers is None:
        return unzipped(event.body, MAX_UNPACKED) if event.is_packed else event.body
    try:
        return printed(event.numbers, event.body)
    except Exception as error:
        raise _Unwritable(f"a {event.kind} of node {event.node!r} cannot be written: {type(error).__name__}") from error


def _cause(error: Exception) -> str:
    import aiohttp

    # These two tell the whole address, password and all.
    says_address = isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL)
    return type(error).__name__ if says_address else str(error) or type(error).__name__
