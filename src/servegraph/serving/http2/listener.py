"""The port of an HTTP/2 server: from its start to its orderly end."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from servegraph.serving.http2.connection import GREETING_S, Connection, Receiver
from servegraph.serving.http2.hpack import Fields
from servegraph.serving.port import BACKLOG, Port

CLOSE_S = 1.0  # what a connection gets to send its last bytes


class Listener[T]:
    """Serves connections; `read` and `accept` are those of `Connection`."""

    def __init__(self, read: Callable[[Fields], T], accept: Callable[[Connection[T], int, T | None], Receiver]) -> None:
        self._read = read
        self._accept = accept
        self._connections: set[Connection[T]] = set()
        self._port: Port | None = None
        self._server: asyncio.Server | None = None
        self._is_leaving = False
        self._gone = asyncio.Event()

    async def start(self, port: Port, tls: ssl.SSLContext | None) -> None:
        """Take clients.

        Raises:
            PortInUse: another process that had bound the port, too, listens already.
        """
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
        port.listen()
        self._port = port
        listening = port.duplicate()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # what it accepts inherits it
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connection,
            sock=listening,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=GREETING_S if tls else None,
            ssl_shutdown_timeout=CLOSE_S if tls else None,
        )

    def _connection(self) -> Connection[T]:
        return Connection(self._read, self._accept, self._opened, self._closed)

    def _opened(self, connection: Connection[T]) -> None:
        self._connections.add(connection)
        if self._is_leaving:  # it was accepted before, and then had to agree about TLS
            connection.leave()

    def _closed(self, connection: Connection[T]) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._gone.set()

    async def stop(self, grace: float | None) -> None:
        """Let no new client in, answer what was asked, and close; what takes over `grace` seconds is dropped."""
        if self._server is None or self._port is None:
            return
        self._is_leaving = True
        self._server.close()
        self._port.close()
        if grace:
            for connection in list(self._connections):
                connection.leave()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._left()
        for connection in list(self._connections):
            connection.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._left()

    async def _left(self) -> None:
        while self._connections:
            self._gone.clear()
            await self._gone.wait()
