"""The shipper's process: takes events over a Unix socket and posts them, for one server or for all its workers.

Each connection is one worker's, and has sinks of its own: what one of them may cost does not depend on the others.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from servegraph.errors import EnvironmentFault
from servegraph.http_client import HttpClient
from servegraph.request_log.sink import LONGEST_ANSWER, Sink
from servegraph.request_log.wire import Hello, events_of, frame, read_frame, read_hello

_REPORT_S = 0.05  # between two reports of what became of the events
_PARENT_S = 1.0  # between two looks at the parent

log = logging.getLogger(__name__)


class Shipper:
    """Serves on `socket`; `parent` is the process whose end is ours, None for one whose end is nobody's business."""

    def __init__(self, socket: Path, parent: int | None = None) -> None:
        self._socket = socket
        self._parent = parent
        self._customers: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End as soon as nobody is connected: whoever is has events to be sent."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`, or until the parent is ours no longer.

        Raises:
            EnvironmentFault: the socket cannot be listened on.
        """
        try:
            # asyncio removes the socket of a predecessor that was killed.
            server = await asyncio.start_unix_server(self._connected, self._socket)
        except OSError as error:
            raise EnvironmentFault(
                f"the request log's process cannot listen on {str(self._socket)!r}: {error.strerror or error}",
                hint="the folder must exist and be writable, and nothing but a socket may have that name",
            ) from error
        while self._is_wanted():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _PARENT_S)
        server.close()
        self._socket.unlink(missing_ok=True)
        if self._customers:
            await asyncio.wait(self._customers)

    def _is_wanted(self) -> bool:
        return not self._stop.is_set() and (self._parent is None or os.getppid() == self._parent)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._customers.add(task)
        task.add_done_callback(self._customers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hello = read_hello((await read_frame(reader))[0])
            with closing(HttpClient(LONGEST_ANSWER, cuts=True, speaks_tls=True)) as client:
                await _ship(hello, client, reader, writer)
        except (EOFError, OSError):
            pass  # it went away
        except (ValueError, TypeError) as error:
            log.warning("a client sent what cannot be understood, and was cut off: %s", error)
        finally:
            writer.close()


async def _ship(hello: Hello, client: HttpClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what one worker has, and at its end what it has left."""
    sinks = [Sink(url, hello.origin, hello.limits) for url in hello.sinks]
    reporting = asyncio.create_task(_report(sinks, writer))
    sending = [asyncio.create_task(sink.run(client)) for sink in sinks]
    flush_s = None
    try:
        flush_s = await _take(sinks, reader)
    finally:
        for sink in sinks:
            sink.close(flush_s)
        await asyncio.gather(*sending)
        reporting.cancel()
        writer.write(_reports(sinks))


async def _take(sinks: list[Sink], reader: asyncio.StreamReader) -> float | None:
    """Queue events until the worker has no more: the seconds for which it still listens; None if it is gone."""
    while True:
        try:
            head, bodies = await read_frame(reader)
        except (EOFError, OSError):
            return None
        if isinstance(head, float):
            return head
        for event in events_of(head, bodies):
            sinks[event.sink].offer(event)


async def _report(sinks: list[Sink], writer: asyncio.StreamWriter) -> None:
    """Say what became of events, whenever there is something to say."""
    said = b""
    while True:
        await asyncio.sleep(_REPORT_S)
        now = _reports(sinks)
        if now != said and not writer.transport.get_write_buffer_size():
            writer.write(now)
            said = now


def _reports(sinks: list[Sink]) -> bytes:
    return frame([tuple(sink.report()) for sink in sinks])


async def _serve_until_a_signal(socket: Path, parent: int) -> None:
    shipper = Shipper(socket, parent)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, shipper.stop)
    await shipper.run()


def serve(socket: Path, parent: int, begun: Callable[[], None]) -> None:
    """Run a shipper on `socket` until SIGTERM or SIGINT, or until `parent` is its parent process no longer.

    Args:
        begun: called when everything is loaded.

    Raises:
        EnvironmentFault: the socket cannot be listened on.
    """
    import uvloop

    begun()
    uvloop.run(_serve_until_a_signal(socket, parent))
