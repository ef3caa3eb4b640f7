"""The HTTP client of remote nodes: connections kept open per address, one retry, redirects.

Own code, as a node's hop is the dearest part of a graph: a call costs about a quarter of the
processor time that aiohttp takes for it.
"""

import asyncio
import ipaddress
import socket
from collections import deque

from servegraph.remote.failure import dial_words
from servegraph.remote.http_answer import HttpAnswer
from servegraph.remote.http_connection import Connection, HungUp
from servegraph.remote.http_request import HttpRequest
from servegraph.remote.malformed import MalformedAnswer

_MAX_IDLE = 128  # connections kept per address
_IDLE_S = 90.0
_CONNECT_S = 30.0
_MAX_REDIRECTS = 10

Address = tuple[str, int]


class CannotConnect(Exception):
    """No connection could be made; the text is the executor's."""


class HttpClient:
    """Sends requests. All of it runs on one event loop.

    Args:
        max_body: bytes of an answer's body.
    """

    def __init__(self, max_body: int) -> None:
        self.max_body = max_body
        self._idle: dict[Address, deque[Connection]] = {}
        self._is_closed = False

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request, wherever redirects lead.

        A request that fails on a connection which had been idle, before a byte of the answer came, is
        sent once more on a new one: most likely the component had closed it, or was restarted.

        Raises:
            CannotConnect: nobody listens.
            HungUp: the component ended the connection before it had answered.
            MalformedAnswer: what it answered cannot be read.
        """
        for _ in range(_MAX_REDIRECTS):
            answer = await self._exchange(request)
            following = request.redirected(answer)
            if following is None:
                return answer
            request = following
        raise MalformedAnswer(f"stopped after {_MAX_REDIRECTS} redirects")

    def close(self) -> None:
        """End all connections that are not in use; those in use end with their answer."""
        self._is_closed = True
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        address = (request.host, request.port)
        connection = self._take(address)
        if connection is None:
            return await self._use(await self._connect(address), address, request)
        try:
            return await self._use(connection, address, request)
        except HungUp as error:
            if error.started:
                raise
            lost = error
        try:
            fresh = await self._connect(address)
        except CannotConnect:
            raise lost from lost.__cause__  # the component went away with the request
        return await self._use(fresh, address, request)

    async def _use(self, connection: Connection, address: Address, request: HttpRequest) -> HttpAnswer:
        answer = await connection.exchange(request.head(), request.body or b"")
        self._put_aside(connection, address)
        return answer

    def _take(self, address: Address) -> Connection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()  # the one used last is the least likely to be closed
            if connection.is_open:
                return connection
        return None

    def _put_aside(self, connection: Connection, address: Address) -> None:
        idle = self._idle.setdefault(address, deque())
        now = asyncio.get_running_loop().time()
        while idle and (not idle[0].is_open or now - idle[0].idle_since > _IDLE_S or len(idle) >= _MAX_IDLE):
            idle.popleft().close()
        if self._is_closed:
            connection.close()
        elif connection.is_open:
            connection.idle_since = now
            idle.append(connection)

    async def _connect(self, address: Address) -> Connection:
        host, port = address
        tried = f"{host}:{port}"
        try:
            async with asyncio.timeout(_CONNECT_S):
                addresses = await _addresses(host, port)
                for number, ip in enumerate(addresses, start=1):
                    tried = f"{ip}:{port}" if ":" not in ip else f"[{ip}]:{port}"
                    try:
                        return await self._open(ip, port)
                    except OSError:  # refused, or no way there: a machine without IPv6 has names that say otherwise
                        if number == len(addresses):
                            raise
        except OSError as error:
            raise CannotConnect(dial_words(error, host, tried)) from error
        raise CannotConnect(f"dial tcp: lookup {host}: no such host")

    async def _open(self, ip: str, port: int) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self.max_body), ip, port)
        return connection


async def _addresses(host: str, port: int) -> list[str]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return [host]
