"""Components to call: an HTTP server that notes what came byte for byte, a gRPC server, and messages for them."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from servegraph.engine.events import FeedbackResult
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import MESSAGE
from servegraph.remote import Connections, RemoteProtocol, Timeouts, units
from servegraph.spec import PredictorSpec


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def ok(body: bytes, *fields: str, status: int = 200, content_type: str | None = "application/json") -> bytes:
    """An HTTP answer with a length."""
    lines = [f"HTTP/1.1 {status} Something", *fields, f"Content-Length: {len(body)}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return "\r\n".join([*lines, "\r\n"]).encode() + body


Answer = bytes | None | Awaitable[bytes | None]


@dataclass
class Component:
    """Answers each request with what `answer` makes of it; None resets the connection."""

    answer: Callable[[Received], Answer] = lambda received: ok(b'{"strData": "A"}')
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    lost: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End the server and all of its connections."""
        assert self.server is not None
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await self.server.wait_closed()
        await self.until(lambda: not self.writers)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.002)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.add(writer)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.lost += 1
            self.writers.discard(writer)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.rstrip().split("\r\n")
        method, path, _ = line.split(" ")
        headers = dict(field.split(": ", 1) if ": " in field else (field.rstrip(":"), "") for field in fields)
        body = await reader.readexactly(int(headers.get("Content-Length", "0")))
        received = Received(method, path, headers, body)
        self.received.append(received)
        answer = self.answer(received)
        if not isinstance(answer, bytes | None):
            answer = await _unless_gone(asyncio.ensure_future(answer), reader)
        if answer is None:
            writer.transport.abort()
            return False
        writer.write(answer)
        await writer.drain()
        if b"Connection: close" in answer:
            return False
        return True


async def _unless_gone(work: asyncio.Future[bytes | None], reader: asyncio.StreamReader) -> bytes | None:
    gone = asyncio.ensure_future(reader.read(1))
    await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
    answered = work.done()
    work.cancel()
    gone.cancel()
    await asyncio.gather(work, gone, return_exceptions=True)
    return work.result() if answered else None


@dataclass
class Calls:
    """A listener that notes the calls."""

    calls: list[tuple[str, str, str, str]] = field(default_factory=list)

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return partial(self.node_called, node, service, method, code)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.calls.append((node, service, method, code))

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        raise AssertionError("a node answers no client")

    def routed(self, router: str, branch: int) -> None:
        raise AssertionError("a node walks no graph")

    def feedback(self, result: FeedbackResult, routing: Any, reward: float, delay: float) -> None:
        raise AssertionError("a node joins no feedback")


def rest_envelope(
    body: bytes = b'{"data": {"ndarray": [[5]]}}', content_type: str = "application/json"
) -> Envelope[Any]:
    return Envelope(MESSAGE, "rest", text=Text(body, content_type))


def seldon_message(**members: Any) -> Any:
    return message_class("seldon.protos.SeldonMessage")(**members)


def grpc_envelope(proto: Any = None) -> Envelope[Any]:
    return Envelope(MESSAGE, "grpc", proto=proto or seldon_message(strData="q"))


@dataclass
class Maker:
    """Makes the unit of a node `m`."""

    connections: Connections
    listener: Calls

    def unit(
        self,
        http: int = 0,
        grpc: int = 0,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - it is immutable
        protocol: RemoteProtocol = "seldon",
        host: str = "127.0.0.1",
        **endpoint: Any,
    ) -> Any:
        ports = {"httpPort": http, "grpcPort": grpc, "service_port": http or grpc}
        node = {"name": "m", "type": "MODEL", "endpoint": {"service_host": host, **ports, **endpoint}}
        predictor = PredictorSpec.model_validate({"name": "p", "graph": node})
        made = units(
            predictor,
            protocol,
            self.connections,
            transport_default=None,
            timeouts=timeouts,
            listener=self.listener,
        )
        return made["m"]


@dataclass
class GrpcComponent:
    """Answers every unary method with what `answer` makes of its name, its bytes and its call."""

    answer: Callable[[str, bytes, Any], Awaitable[bytes]]
    received: list[tuple[str, bytes, dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    server: Any = None

    async def start(self, port: int = 0) -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self.server.add_generic_rpc_handlers([_Handlers(self)])
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop(None)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, component: GrpcComponent) -> None:
        self._component = component

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def unary(data: bytes, call: Any) -> bytes:
            self._component.received.append((details.method, data, dict(call.invocation_metadata())))
            return await self._component.answer(details.method, data, call)

        return grpc.unary_unary_rpc_method_handler(unary)


async def message_a(method: str, data: bytes, call: Any) -> bytes:
    return bytes(seldon_message(strData="A").SerializeToString())
