"""A real HTTP server that takes events."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.request_log.sink import SinkServer


@pytest.fixture
async def sink() -> AsyncIterator[SinkServer]:
    server = SinkServer()
    server.open.set()
    application = web.Application(client_max_size=2**30)
    application.router.add_route("*", "/{path:.*}", server.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield server
    server.open.set()
    await runner.cleanup()
