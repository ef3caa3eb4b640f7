"""The request logger of one predictor: what of its nodes' traffic becomes an event, and for which sink.

Its methods are called on the request path: they take note of the bytes that are there, or of the numbers, and
return. They never raise. What was noted is written to the shipper in batches; while there is no shipper it waits.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from math import ceil, inf
from pathlib import Path
from time import time_ns
from typing import Any

from servegraph.engine.allowance import SLOW_PARTS, SLOW_S, Allowance
from servegraph.engine.context import Context
from servegraph.payload.envelope import Envelope
from servegraph.request_log.account import FULL, Account, Counts
from servegraph.request_log.snapshot import snapshot
from servegraph.request_log.wire import (
    LARGE,
    THE_END,
    About,
    Hello,
    Kind,
    Limits,
    Origin,
    Report,
    event_frames,
    frame,
    hello_frame,
    read_frame,
)
from servegraph.spec.logger import NodeLogger

_RETRY_S = 0.2  # between attempts to connect
_FLUSH_S = 0.025  # what an event waits for others, to be written with them
_BATCH = 64  # events that are written in one turn of the loop: some 50 µs
_UNSENT_LIMIT = 1024 * 1024  # bytes in the transport's buffer above which nothing more is written
_LAST_WORD_S = 0.5  # what the shipper gets to say what became of the last events
_COMPLAIN_S = 1.0
_BURST = 100  # predictions that are logged however busy the loop is
_MANY = 5_000  # events a second: whoever asks for so many gets them as they come
_GONE = "the process that sends events ended"


class RequestLogger:
    """Logs to the sinks of `nodes`, a logger for each node's name, by way of the shipper that listens on `socket`.

    Used from one asyncio loop, by one thread. What is logged before `run` waits for it.

    Args:
        busy_rate: predictions a second that are logged while requests need the time: sending one costs
            more than answering it.

    Attributes:
        unlogged: predictions of which nothing was logged, as the loop had no time for more than requests.
    """

    def __init__(
        self,
        nodes: Mapping[str, NodeLogger],
        origin: Origin,
        socket: Path,
        limits: Limits | None = None,
        busy_rate: float = inf,
    ) -> None:
        self._limits = limits or Limits()
        self._socket = socket
        urls = list(dict.fromkeys(node.url for node in nodes.values()))
        self._hello = hello_frame(Hello(urls, origin, self._limits))
        self._accounts = [Account(place, url, self._limits) for place, url in enumerate(urls)]
        accounts = dict(zip(urls, self._accounts, strict=True))
        self._requests = {name: accounts[node.url] for name, node in nodes.items() if node.requests}
        self._responses = {name: accounts[node.url] for name, node in nodes.items() if node.responses}
        self._queue: deque[tuple[Account, About, bytes]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._timer: asyncio.Handle | None = None
        self._allowance = Allowance(busy_rate, max(busy_rate, _BURST))
        events = 2 * (len(self._requests) + len(self._responses))  # of a prediction, at most
        self._few = busy_rate * SLOW_S * events
        self.unlogged = 0
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    def admits(self) -> bool:
        if self._allowance.granted(1):
            return True
        self.unlogged += 1
        return False

    def request(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A message is about to be given to a node, or to its children."""
        self._log("request", self._requests.get(node), node, envelope, context)

    def response(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A node, or its children, answered."""
        self._log("response", self._responses.get(node), node, envelope, context)

    def feedback(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A reward came to a node; logged where responses are."""
        self._log("feedback", self._responses.get(node), node, envelope, context)

    def counts(self) -> dict[str, Counts]:
        """What became of the events, by sink: its address without user, password and query."""
        found: dict[str, Counts] = {}
        for account in self._accounts:
            new, old = account.counts(), found.get(account.name, Counts(0, 0, 0))
            found[account.name] = Counts(old.sent + new.sent, old.failed + new.failed, old.dropped + new.dropped)
        return found

    def _log(self, kind: Kind, account: Account | None, node: str, envelope: Envelope[Any], context: Context) -> None:
        if account is None:
            return
        if account.is_full:
            account.drop(FULL)  # before its body is made
            return
        try:
            body, content_type, encoding, numbers = snapshot(envelope)
        except Exception as error:
            # Whoever needs the body next gets the same error, and answers it.
            account.drop(f"a {kind} of node {node!r} cannot be written: {type(error).__name__}")
            return
        if account.take(len(body)):
            about = (account.place, kind, node, context.puid, time_ns(), len(body), content_type, encoding, numbers)
            self._queue.append((account, about, body))
            if self._timer is None and self._writer is not None:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH_S, self._flush)

    async def run(self) -> None:
        """Hand events to the shipper until `close`; connect again whenever it went away."""
        self._ended.clear()
        complaining = asyncio.create_task(self._complain())
        try:
            while not self._closing.is_set():
                with suppress(OSError):
                    await self._converse(*await asyncio.open_unix_connection(self._socket))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _RETRY_S)
        finally:
            complaining.cancel()
            self._ended.set()

    async def close(self) -> None:
        """Take no more events, have what still waits sent within the limit's seconds, and end `run`."""
        if self._ended.is_set():
            return self._abandon()
        for account in self._accounts:
            account.close()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._limits.flush_s + _LAST_WORD_S):
                await self._finish(asyncio.get_running_loop().time() + self._limits.flush_s)
        self._closing.set()
        if self._writer is not None:
            self._writer.transport.abort()
        await self._ended.wait()
        self._abandon()

    async def _finish(self, until: float) -> None:
        """Write what waits, then wait until the shipper has said what became of it."""
        loop = asyncio.get_running_loop()
        while self._queue and loop.time() < until:
            if self._writer is None:
                await asyncio.sleep(_RETRY_S / 10)
                continue
            self._write_batch(self._writer)
            await self._writer.drain()
        writer = self._writer
        if writer is None:
            return
        self._closing.set()
        writer.write(frame(max(0.0, until - loop.time())))
        await self._ended.wait()

    def _abandon(self) -> None:
        while self._queue:
            account, _, body = self._queue.popleft()
            account.give_up(len(body), THE_END)
        for account in self._accounts:
            account.close()
            account.complain()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing.is_set():
            return writer.close()
        writer.write(self._hello)
        self._writer = writer
        self._timer = asyncio.get_running_loop().call_soon(self._flush)
        try:
            while True:
                reports, _ = await read_frame(reader)
                for account, report in zip(self._accounts, reports, strict=True):
                    account.hear(Report(*report))
        except (EOFError, ValueError, TypeError):
            pass  # it ended, or is no shipper of ours
        finally:
            self._writer = None
            self._timer = None
            writer.close()
            for account in self._accounts:
                account.lose(THE_END if self._closing.is_set() else _GONE)

    def _flush(self) -> None:
        """Write a batch, and come again if there is more; while requests need the time, write less, and later."""
        self._timer, writer, loop = None, self._writer, asyncio.get_running_loop()
        if writer is None or not self._queue:
            return
        if writer.transport.get_write_buffer_size() > _UNSENT_LIMIT:
            self._timer = loop.call_later(_FLUSH_S, self._flush)
            return
        is_slow = self._few < _MANY and self._allowance.is_busy
        self._write_batch(writer, max(ceil(self._few), len(self._queue) // SLOW_PARTS) if is_slow else _BATCH)
        if self._queue:
            self._timer = loop.call_later(SLOW_S, self._flush) if is_slow else loop.call_soon(self._flush)

    def _write_batch(self, writer: asyncio.StreamWriter, most: int = _BATCH) -> None:
        queue, size = self._queue, 0
        batch: list[tuple[About, bytes]] = []
        while queue and len(batch) < most and size <= LARGE:
            account, about, body = queue.popleft()
            account.hand(len(body))
            size += len(body)
            batch.append((about, body))
        for piece in event_frames(batch):
            writer.write(piece)

    async def _complain(self) -> None:
        while True:
            await asyncio.sleep(_COMPLAIN_S)
            for account in self._accounts:
                account.complain()
