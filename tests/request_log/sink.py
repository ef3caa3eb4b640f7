"""A real HTTP server that takes events, and a request logger that sends to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from servegraph.payload.envelope import Envelope, Text
from servegraph.request_log import Limits, Origin, RequestLogger
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


@asynccontextmanager
async def logging_to(url: str, mode: str = "all", limits: Limits | None = None) -> AsyncIterator[RequestLogger]:
    """A running logger of node `m`."""
    node = NodeLogger(url, requests=mode != "response", responses=mode != "request")
    logger = RequestLogger({"m": node}, ORIGIN, limits)
    running = asyncio.create_task(logger.run())
    await asyncio.sleep(0)
    try:
        yield logger
    finally:
        await logger.close()
        await running


def body(content: bytes, content_type: str = "application/json", encoding: str = "") -> Envelope:
    """A message that came over HTTP."""
    return Envelope(None, "rest", text=Text(content, content_type, encoding))
