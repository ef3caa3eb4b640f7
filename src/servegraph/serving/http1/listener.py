"""A port on which HTTP/1.1 is spoken: from its first client to its last."""

import asyncio
import socket
import ssl
from time import monotonic

from servegraph.serving.http1.connection import Connection
from servegraph.serving.http1.head import Heads
from servegraph.serving.http1.known import KnownHeads
from servegraph.serving.http1.message import Application
from servegraph.serving.port import BACKLOG, Port

LOOK_S = 1.0  # between two looks for clients that take too long
CLOSE_S = 1.0  # what clients get to take the last bytes
HANDSHAKE_S = 20.0


class HttpListener:
    """Implements `connection.Port`.

    Args:
        tls: None for plain text.
    """

    def __init__(self, port: Port, application: Application, tls: ssl.SSLContext | None = None) -> None:
        self.application = application
        self.heads = Heads()
        self.known = KnownHeads()
        self.is_leaving = False
        self.in_flight = self.served = 0
        self._port = port
        self._tls = tls
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    async def start(self) -> None:
        """Take clients.

        Raises:
            PortInUse: another process that had bound the port, too, listens already.
        """
        self._port.listen()
        loop = asyncio.get_running_loop()
        listening = self._port.duplicate()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # what it accepts inherits it
        self._server = await loop.create_server(
            lambda: Connection(self, loop),
            sock=listening,
            ssl=self._tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
            ssl_shutdown_timeout=CLOSE_S if self._tls else None,
        )
        self._looking = loop.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        now = monotonic()
        for connection in list(self._connections):
            connection.look(now)

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._gone.set()

    def pause(self) -> None:
        """Let no new client in; those that the kernel has accepted are still served."""
        self._port.pause()

    def retire(self) -> None:
        """Take no client any more: other processes listen on the same socket, and take them."""
        if self._server is not None:
            self._server.close()

    async def quiet(self, seconds: float) -> None:
        """Wait until all that was asked is answered, and nobody has asked for so long."""
        while True:
            served = self.served
            await asyncio.sleep(seconds)
            if self.served == served and all(connection.is_idle for connection in self._connections):
                return

    async def close(self) -> None:
        """Take no client any more, and let go of all there are; the port is free afterwards."""
        if self._looking is not None:
            self._looking.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._left()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
        self._port.close()

    async def _left(self) -> None:
        while self._connections:
            self._gone.clear()
            await self._gone.wait()
