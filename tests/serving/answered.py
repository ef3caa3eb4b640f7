"""A listener of HTTP/1.1 in this process, and clients that write to it byte for byte."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from tests.serving.served import Connection

from servegraph.serving.http1.listener import HttpListener
from servegraph.serving.http1.message import Request, Response
from servegraph.serving.port import Port

Answers = Callable[[Request], Awaitable[Response]]

GET = b"GET /x HTTP/1.1\r\nhost: h\r\n\r\n"
HEAD = b"POST /x HTTP/1.1\r\nhost: h\r\n"


def counted(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def chunked(*pieces: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks


class Application:
    """Says what it was asked; `answers` may do something else.

    Attributes:
        asked: the bodies, or the names of the faults, in the order in which they came.
    """

    def __init__(self, answers: Answers | None = None, max_body: int = 2**20) -> None:
        self.max_body = max_body
        self.asked: list[bytes | str] = []
        self._answers = answers

    async def __call__(self, request: Request) -> Response:
        self.asked.append(type(request.fault).__name__ if request.fault else request.body)
        if self._answers is not None:
            return await self._answers(request)
        if request.fault is not None:
            return Response(400, "", type(request.fault).__name__.encode())
        said = [request.method, request.path, request.query, request.body.decode("latin-1")]
        return Response(200, "", json.dumps(said).encode())


class Waits:
    """Answers the bodies in `now` at once, and others when they may."""

    def __init__(self, *now: bytes) -> None:
        self._now = now
        self.asked = 0
        self.go_on = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        self.asked += 1
        if request.body not in self._now:
            await self.go_on.wait()
        return Response(200, "", request.body)


class Client(Connection):
    """A connection whose two ends can end on their own."""

    def end(self) -> None:
        """Send nothing more."""
        self._writer.write_eof()

    def reset(self) -> None:
        """Be gone at once."""
        self._writer.transport.abort()

    async def rest(self) -> bytes:
        """All that comes until the connection ends."""
        async with asyncio.timeout(20):
            return await self._reader.read()

    async def drain(self) -> None:
        await self._writer.drain()

    def said(self, name: str) -> Any:
        """What the connection knows of itself: `ssl_object`, say."""
        return self._writer.get_extra_info(name)


class Listening:
    """A listener that serves `application` at `address`."""

    def __init__(self, listener: HttpListener, application: Application, address: tuple[Any, ...]) -> None:
        self.listener = listener
        self.application = application
        self.address = address

    @property
    def clients(self) -> int:
        return len(self.listener._connections)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    @asynccontextmanager
    async def client(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection(*self.address[:2], ssl=tls)
        client = Client(reader, writer)
        try:
            yield client
        finally:
            writer.close()

    async def asked(self, *pieces: bytes) -> bytes:
        """All that comes for what is sent before the sending side ends."""
        async with self.client() as client:
            for piece in pieces:
                client.write(piece)
            client.end()
            return await client.rest()

    async def plain_socket(self) -> socket.socket:
        """A connection that takes very little from the server until it is read."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, self.address)
        return client

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def listening(
    answers: Answers | Application | None = None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Listening]:
    """A listener on a free port."""
    application = answers if isinstance(answers, Application) else Application(answers)
    port = Port(host, 0, "--http-port")
    listener = HttpListener(port, application, tls)
    await listener.start()
    try:
        yield Listening(listener, application, port._socket.getsockname())
    finally:
        await listener.close()


def bodies(said: bytes) -> list[bytes]:
    """The bodies of all answers in what came, of which none is one to HEAD."""
    return [body for _, body in _answers(said)]


def statuses(said: bytes) -> list[int]:
    """Their statuses."""
    return [status for status, _ in _answers(said)]


def _answers(said: bytes) -> Iterator[tuple[int, bytes]]:
    while said:
        assert said.startswith(b"HTTP/1.1 ")
        head, _, said = said.partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        yield int(head[9:12]), said[:length]
        said = said[length:]
