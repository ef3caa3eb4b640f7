"""A real HTTP server that takes events, and a request logger with a shipper that sends to it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from aiohttp import web

from servegraph.payload.envelope import Envelope, Text
from servegraph.request_log import Counts, Limits, Origin, RequestLogger
from servegraph.request_log.shipper import Shipper
from servegraph.spec.logger import NodeLogger

ORIGIN = Origin("dep", "ns", "p")


@dataclass
class Received:
    """A request that came to the sink."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class SinkServer:
    """Takes events; `status` is its answer, and it answers nothing while `open` is not set."""

    url: str = ""
    status: int = 200
    received: list[Received] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append(Received(request.method, request.path, dict(request.headers), body))
        await self.open.wait()
        return web.Response(status=self.status)

    async def until(self, count: int) -> list[Received]:
        """What came, once so many events are there."""
        async with asyncio.timeout(20):
            while len(self.received) < count:
                await asyncio.sleep(0.01)
        return self.received


async def until(logger: RequestLogger, counts: Counts) -> None:
    """Wait until that has become of the events of its one sink."""
    async with asyncio.timeout(20):
        while [*logger.counts().values()] != [counts]:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def logging_to(
    url: str, mode: str = "all", limits: Limits | None = None, busy_rate: float = inf
) -> AsyncIterator[RequestLogger]:
    """A running logger of node `m`."""
    nodes = {"m": NodeLogger(url, requests=mode != "response", responses=mode != "request")}
    async with shipping() as socket, running(RequestLogger(nodes, ORIGIN, socket, limits, busy_rate)) as logger:
        yield logger


@asynccontextmanager
async def shipping() -> AsyncIterator[Path]:
    """The socket of a shipper; it runs in this process, and on this loop."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "s.sock")
        shipper = Shipper(socket)
        serving = asyncio.create_task(shipper.run())
        while not socket.exists():
            await asyncio.sleep(0)
        try:
            yield socket
        finally:
            shipper.stop()
            await serving


@asynccontextmanager
async def running(logger: RequestLogger) -> AsyncIterator[RequestLogger]:
    """The same logger, running."""
    task = asyncio.create_task(logger.run())
    await asyncio.sleep(0)
    try:
        yield logger
    finally:
        await logger.close()
        await task


def body(content: bytes, content_type: str = "application/json", encoding: str = "") -> Envelope:
    """A message that came over HTTP."""
    return Envelope(None, "rest", text=Text(content, content_type, encoding))
