"""Whether a component can be called.

Source:
    Seldon's executor connects; with full health checks it asks the server. The time limit is ours.
"""

import asyncio

from servegraph.http_client import CannotConnect, HttpClient, HttpRequest, HungUp, MalformedAnswer
from servegraph.remote.endpoint import Endpoint

_TIMEOUT_S = 5.0


async def accepts(endpoint: Endpoint) -> bool:
    """Whether somebody listens."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            transport, _ = await loop.create_connection(asyncio.Protocol, endpoint.host, endpoint.ready_port)
    except OSError:
        return False
    transport.abort()
    return True


async def is_healthy(endpoint: Endpoint, path: str, client: HttpClient) -> bool:
    """Whether a GET of `path` is answered with 200."""
    request = HttpRequest(endpoint.url(path), [("User-Agent", "Go-http-client/1.1")])
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            answer = await client.send(request)
    except (TimeoutError, CannotConnect, HungUp, MalformedAnswer):
        return False
    return answer.status == 200
