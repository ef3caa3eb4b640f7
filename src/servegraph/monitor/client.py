"""The serving process's end of the socket: a bounded queue, a task that empties it, the last states.

The request path calls `offer` and nothing else. A monitor that is slow, stuck or dead leads to
counted drops; it never leads to a wait, to an error or to growing memory.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from math import ceil, inf
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from servegraph.engine.allowance import SLOW_PARTS, SLOW_S, Allowance
from servegraph.engine.events import Tap
from servegraph.monitor.rows import Chunk, RowQueue
from servegraph.monitor.tap import NodeTap
from servegraph.monitor.wire import LINE_LIMIT, check_address, decode_state, encode_rows
from servegraph.verdict import MonitorReport

_RETRY = 0.2
"""Seconds between attempts to connect."""

_FLUSH = 0.025
"""Seconds between two flushes."""

_SILENCE = 5.0
"""Seconds without a word (the monitor speaks every second) until its verdicts no longer count."""

_CLOSE = 0.5
"""Seconds that `close` spends on sending what still waits."""

_BUFFER_LIMIT = 1024 * 1024
"""Bytes in the transport's buffer above which nothing more is written."""

_BURST = 400
"""Rows that are taken however busy the loop is."""

_VALUES_A_LINE = 16_384
"""Values serialized at a time: about a third of a millisecond, which a request may have to wait for the loop."""

_log = logging.getLogger(__name__)


class MonitorClient:
    """Feeds the monitor that listens on `socket`.

    `capacity` is the most rows that may wait, `busy_rate` how many a second are taken while requests
    need the time. Used from one asyncio loop, by one thread. `sent` rows were written to the socket; a monitor
    that dies may not have read the last of them.

    Raises EnvironmentFault when the path is too long for a socket.
    """

    def __init__(self, socket: Path, nodes: Sequence[str], capacity: int = 20_000, busy_rate: float = inf) -> None:
        check_address(socket)
        self._socket = socket
        self._capacity = capacity
        self._queue = RowQueue()
        self._allowance = Allowance(busy_rate, max(busy_rate, _BURST))
        self._few = ceil(min(busy_rate * SLOW_S, capacity))  # rows that are taken between two times that some are sent
        self._sent = 0
        self._dropped = 0
        self._taps = {node: NodeTap(node, self.offer) for node in nodes}
        self._writer: asyncio.StreamWriter | None = None
        self._heard: float | None = None
        self._closing = False
        self._stopped = asyncio.Event()
        self._stopped.set()

    def offer(self, node: str, rows: NDArray[Any], names: Sequence[str]) -> None:
        """Queue rows of shape (n, features); what does not fit is dropped and counted. Never raises."""
        if not rows.size:
            return
        if rows.ndim != 2:
            rows = rows.reshape(len(rows) if rows.ndim > 2 else 1, -1)
        count = len(rows)
        free = min(self._capacity - self._queue.count, self._allowance.granted(count))
        if count > free:
            self._dropped += count - free
            rows = rows[:free]
        if free:
            # A copy: the nodes that come after may change the array in place.
            self._queue.put(Chunk(node, names, rows.copy()))

    def tap(self, node: str) -> Tap:
        """The tap of one of the client's nodes; KeyError for any other."""
        return self._taps[node]

    def report(self) -> MonitorReport:
        return MonitorReport(
            connected=self._writer is not None and not self._silent(),
            queued=len(self._queue),
            sent=self._sent,
            dropped=self._dropped,
            detectors={node: tap.state for node, tap in self._taps.items()},
        )

    async def run(self) -> None:
        """Connect, and connect again whenever the monitor went away, until `close`."""
        self._stopped.clear()
        self._heard = time.monotonic()
        try:
            while not self._closing:
                with suppress(OSError):
                    await self._converse(*await asyncio.open_unix_connection(self._socket, limit=LINE_LIMIT))
                self._watch_silence()
                await asyncio.sleep(_RETRY)
        finally:
            self._stopped.set()

    async def close(self) -> None:
        """Send what still waits if that takes half a second at most, and end `run`."""
        self._closing = True
        writer = self._writer
        if writer is not None:
            try:
                async with asyncio.timeout(_CLOSE):
                    await self._finish(writer)
            except (TimeoutError, OSError):
                writer.transport.abort()
        await self._stopped.wait()

    async def _finish(self, writer: asyncio.StreamWriter) -> None:
        while len(self._queue):
            self._write_line(writer, self._capacity)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        flushing = asyncio.create_task(self._flush(writer))
        try:
            async for line in reader:
                self._learn(line)
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("the monitor said what cannot be understood, connecting anew: %s", error)
        finally:
            self._writer = None
            flushing.cancel()
            writer.close()

    def _learn(self, line: bytes) -> None:
        state = decode_state(line)
        self._heard = time.monotonic()
        tap = self._taps.get(state.node)
        if tap is not None:
            tap.learn(state)

    async def _flush(self, writer: asyncio.StreamWriter) -> None:
        while not self._closing:
            self._watch_silence()
            is_slow = self._allowance.is_busy
            left = max(self._few, len(self._queue) // SLOW_PARTS) if is_slow else self._capacity
            while left and len(self._queue) and writer.transport.get_write_buffer_size() < _BUFFER_LIMIT:
                left -= self._write_line(writer, left)
                await asyncio.sleep(0)
            await asyncio.sleep(SLOW_S if is_slow else _FLUSH)

    def _write_line(self, writer: asyncio.StreamWriter, most: int) -> int:
        """Write the oldest rows; how many."""
        chunks = self._queue.take(min(most, max(1, _VALUES_A_LINE // self._queue.width)))
        count = sum(len(chunk.rows) for chunk in chunks)
        try:
            writer.write(encode_rows(chunks))
        except TypeError as error:
            _log.warning("%d rows cannot be sent to the monitor: %s", count, error)
            self._dropped += count
        else:
            self._sent += count
        return count

    def _silent(self) -> bool:
        return self._heard is None or time.monotonic() - self._heard > _SILENCE

    def _watch_silence(self) -> None:
        if not self._silent():
            return
        reason = "monitor is not connected" if self._writer is None else "monitor does not answer"
        for tap in self._taps.values():
            if tap.state.reason != reason:
                tap.lose(reason)
