"""Sends requests: connections kept open per server, one retry, redirects."""

import ssl
from collections import deque
from functools import cached_property
from time import monotonic

from servegraph.http_client.answer import HttpAnswer
from servegraph.http_client.connection import Connection, HungUp
from servegraph.http_client.dial import CannotConnect, connect
from servegraph.http_client.malformed import MalformedAnswer
from servegraph.http_client.request import HttpRequest
from servegraph.http_client.url import Server

_MAX_IDLE = 128  # connections kept per server
_IDLE_S = 90.0
_MAX_REDIRECTS = 10


class HttpClient:
    """Sends requests. All of it runs on one event loop.

    Args:
        max_body: bytes of an answer's body.
        cuts: what becomes of an answer with a larger one: whether it is returned, its body cut short, or refused.
        speaks_tls: whether requests may go to https, where certificates are verified as the system does it.
    """

    def __init__(self, max_body: int, *, cuts: bool = False, speaks_tls: bool = False) -> None:
        self.max_body = max_body
        self._cuts = cuts
        self._schemes = ("http", "https") if speaks_tls else ("http",)
        self._idle: dict[Server, deque[Connection]] = {}
        self._is_closed = False

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request, wherever redirects lead.

        A request that fails on a connection which had been idle, before a byte of the answer came, is
        sent once more on a new one: most likely the server had closed it, or was restarted.

        Raises:
            CannotConnect: nobody listens.
            HungUp: the server ended the connection before it had answered.
            MalformedAnswer: what it answered cannot be read, or leads where no request can go.
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
        if request.url.scheme not in self._schemes:
            raise MalformedAnswer(f'unsupported protocol scheme "{request.url.scheme}"')
        server = request.url.server
        connection = self._take(server)
        if connection is None:
            return await self._use(await self._connect(server), server, request)
        try:
            return await self._use(connection, server, request)
        except HungUp as error:
            if error.started:
                raise
            lost = error
        try:
            fresh = await self._connect(server)
        except CannotConnect:
            raise lost from lost.__cause__  # the server went away with the request
        return await self._use(fresh, server, request)

    async def _use(self, connection: Connection, server: Server, request: HttpRequest) -> HttpAnswer:
        answer = await connection.exchange(request.head(), request.body or b"")
        self._put_aside(connection, server)
        return answer

    def _take(self, server: Server) -> Connection | None:
        idle = self._idle.get(server)
        while idle:
            connection = idle.pop()  # the one used last is the least likely to be closed
            # What lies between may have forgotten an idle one by then, and tells nobody.
            if connection.is_open and monotonic() - connection.idle_since <= _IDLE_S:
                return connection
            connection.close()
        return None

    def _put_aside(self, connection: Connection, server: Server) -> None:
        idle = self._idle.setdefault(server, deque())
        now = monotonic()
        while idle and (not idle[0].is_open or now - idle[0].idle_since > _IDLE_S or len(idle) >= _MAX_IDLE):
            idle.popleft().close()
        if self._is_closed:
            connection.close()
        elif connection.is_open:
            connection.idle_since = now
            idle.append(connection)

    async def _connect(self, server: Server) -> Connection:
        scheme, host, port = server
        tls = self._tls if scheme == "https" else None
        return await connect(host, port, tls, lambda: Connection(self.max_body, self._cuts))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()  # reads all of the system's authorities: not before it is needed
        context.set_alpn_protocols(["http/1.1"])
        return context
