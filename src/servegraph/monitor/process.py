"""The monitor's process: a Unix socket on one side, detectors in threads on the other.

The loop only moves rows and states; nothing heavy runs on it, so the socket is served while
detectors load and test.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.monitor import checkpoint as checkpoints
from servegraph.monitor.checkpoint import Saved
from servegraph.monitor.detector import Detector
from servegraph.monitor.watch import DetectorWatch
from servegraph.monitor.wire import LINE_LIMIT, check_address, encode_state, read_rows
from servegraph.verdict import DetectorState

_HEARTBEAT = 1.0
"""Seconds between two reports of the states, two looks at the parent and two checkpoints."""

_UNREAD_LIMIT = 1024 * 1024
"""Bytes a client may leave unread before it is told nothing more."""

_log = logging.getLogger(__name__)


def serve(
    socket: Path, detectors: Mapping[str, Detector], checkpoint: Path, parent: int, loaded: Callable[[], None]
) -> NoReturn:
    """Run `detectors`, by node, for whoever connects to `socket`.

    Ends on SIGTERM, on SIGINT and when `parent` is its parent process no longer (it is told, as that may be
    so from the start). `loaded` is called when the detectors are loaded.
    States go out on every change and once a second; `checkpoint` is written after each window,
    once a second while rows come, and at the end.

    Never returns: the process ends here, with code 0, and skips the interpreter's own farewell.
    That would wait for a detector that is still at work, whose thread cannot be interrupted, and
    take seconds to tear down the libraries that detectors load.

    Raises:
        ConfigurationError: a detector's window is below 1.
        EnvironmentFault: `socket` is too long for a socket, or cannot be listened on.
    """
    check_address(socket)
    for node, detector in detectors.items():
        if detector.window < 1:
            raise ConfigurationError(f"{node}: the detector's window is {detector.window}", hint="give 1 or more rows")
    asyncio.run(_Monitor(detectors, checkpoint, parent, loaded).run(socket))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Monitor:
    def __init__(
        self, detectors: Mapping[str, Detector], checkpoint: Path, parent: int, loaded: Callable[[], None]
    ) -> None:
        self._parent = parent
        self._loaded = loaded
        self._checkpoint = checkpoint
        threads = ThreadPoolExecutor(max_workers=max(1, len(detectors)), thread_name_prefix="detector")
        self._watches = {
            node: DetectorWatch(node, detector, threads, tell=self._tell) for node, detector in detectors.items()
        }
        self._told: dict[str, DetectorState] = {}
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def run(self, socket: Path) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        for node, saved in checkpoints.load(self._checkpoint).items():
            if node in self._watches:
                self._watches[node].resume(saved.state, saved.rows)
        server = await self._listen(socket)
        for watch in self._watches.values():
            self._start(watch.run())
        self._start(self._say_loaded())
        await self._beat()
        server.close()
        socket.unlink(missing_ok=True)
        self._save()
        await self._end_tasks()

    async def _say_loaded(self) -> None:
        for watch in self._watches.values():
            await watch.tried.wait()
        self._loaded()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)
        else:
            self._stop.set()

    async def _end_tasks(self) -> None:
        """Raises what broke a task, if one broke: the process ends loudly and is started anew."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, socket: Path) -> asyncio.Server:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._start(self._converse(reader, writer))

        try:
            # asyncio removes the socket of a predecessor that was killed.
            return await asyncio.start_unix_server(connected, socket, limit=LINE_LIMIT)
        except OSError as error:
            raise EnvironmentFault(
                f"the monitor cannot listen on {str(socket)!r}: {error.strerror or error}",
                hint="the folder must exist and be writable, and nothing but a socket may have that name",
            ) from error

    async def _beat(self) -> None:
        while not self._stop.is_set() and os.getppid() == self._parent:
            self._tell()
            try:
                await asyncio.wait_for(self._stop.wait(), _HEARTBEAT)
            except TimeoutError:
                continue

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            writer.write(self._states())
            while (chunk := await read_rows(reader)) is not None:
                if chunk.node in self._watches:
                    await self._watches[chunk.node].put(chunk)
        except asyncio.IncompleteReadError:
            _log.info("a client went away")
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("a client sent what cannot be understood, and was cut off: %s", error)
        except OSError:
            _log.info("a client went away")
        finally:
            self._clients.discard(writer)
            writer.close()

    def _tell(self) -> None:
        """States to everybody who reads, and to the disk when they changed."""
        states = {node: watch.state for node, watch in self._watches.items()}
        if states != self._told:
            self._told = states
            self._save()
        for writer in self._clients:
            if writer.transport.get_write_buffer_size() < _UNREAD_LIMIT:
                writer.write(self._states())

    def _states(self) -> bytes:
        return b"".join(encode_state(watch.state) for watch in self._watches.values())

    def _save(self) -> None:
        checkpoints.save(
            self._checkpoint, {node: Saved(watch.state, watch.rows) for node, watch in self._watches.items()}
        )
