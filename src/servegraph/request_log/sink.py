"""One place that events are sent to, in the shipper: workers that empty a queue, and counts.

The queue has no bound of its own: the server takes no more events than may wait. A sink that is slow,
hangs or is gone keeps nobody but its own events.
"""

import asyncio
from base64 import b64encode
from contextlib import suppress
from urllib.parse import unquote_to_bytes, urlsplit

from servegraph.http_client import Fields, HttpClient, HttpRequest, Url
from servegraph.payload.compression import unzipped
from servegraph.request_log.event import Headers
from servegraph.request_log.snapshot import printed
from servegraph.request_log.wire import LARGE, THE_END, Event, Limits, Origin, Report

LONGEST_ANSWER = 64 * 1024  # bytes of a body that are read, so that the connection can be used again
MAX_UNPACKED = 32 * 1024 * 1024  # bytes of a gzip body


class _Unwritable(Exception):
    """A message has no form in which it could be sent."""


class Sink:
    """Used from one asyncio loop, by one thread."""

    def __init__(self, url: str, origin: Origin, limits: Limits) -> None:
        self._url = Url.parse(url)
        self._credentials = _credentials(url)
        self._headers = Headers(origin)
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

    async def run(self, client: HttpClient) -> None:
        """Send until `close`, then what still waits as long as that may take."""
        workers = [asyncio.create_task(self._work(client)) for _ in range(self._limits.workers)]
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

    async def _work(self, client: HttpClient) -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._deliver(client, event)
            except _Unwritable as error:
                self._drop(event, str(error))
            except TimeoutError:
                self._fail(event, f"no answer within {self._limits.delivery_s:g} s")
            except Exception as error:  # whatever it is, the next event shall be sent
                self._fail(event, str(error) or type(error).__name__)
            except asyncio.CancelledError:
                self._fail(event, THE_END)
                raise
            else:
                self._sent += 1
                self._taken_bytes += len(event.body)
            finally:
                self._queue.task_done()

    async def _deliver(self, client: HttpClient, event: Event) -> None:
        takes_long = event.is_packed or (event.numbers is not None and len(event.body) > LARGE)
        body = await asyncio.to_thread(_body, event) if takes_long else _body(event)
        request = HttpRequest(self._url, self._headers.of(event) + self._credentials, body)
        async with asyncio.timeout(self._limits.delivery_s):
            answer = await client.send(request)
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


def _credentials(url: str) -> Fields:
    """User and password of a URL, as the header that carries them."""
    said = urlsplit(url).netloc.rpartition("@")[0]
    if not said:
        return []
    user, _, password = said.partition(":")
    token = b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password))
    return [("Authorization", f"Basic {token.decode()}")]
