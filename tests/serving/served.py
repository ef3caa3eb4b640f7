"""Both fronts of a graph in this process, on ports of their own, and ways to ask them byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc
from tests.ports import free_port

from servegraph.component import Caller, Identity, read
from servegraph.engine import Engine, LocalUnit, Parts, RoutingInjection, Unit, compile_plan
from servegraph.engine.events import FeedbackResult
from servegraph.payload.schema import message_class
from servegraph.serving.grpc_front import GrpcFront, GrpcLimits, Services
from servegraph.serving.rest import RestFront, Site
from servegraph.serving.routes import Route
from servegraph.serving.server import Addresses, Server, take_ports
from servegraph.shared import Ledger
from servegraph.spec import PredictorSpec


@dataclass
class Heard:
    """A listener that notes what the fronts answered."""

    answers: list[tuple[str, str, str]] = field(default_factory=list)

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.answers.append((service, method, code))

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return partial(self.node_called, node, service, method, code)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None: ...

    def routed(self, router: str, branch: int) -> None: ...

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None: ...

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None: ...

    def reward(self, node: str, reward: float) -> None: ...


@dataclass
class HttpAnswer:
    """`headers` have lower-case names; `text` is the whole answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection to the HTTP port, on which requests are written as they stand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self, to_head: bool = False) -> HttpAnswer:
        """The next answer; one to HEAD has no body, whatever its length says."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.rstrip("\r\n").split("\r\n")
            headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
            length = 0 if to_head else int(headers.get("content-length", "0"))
            return HttpAnswer(int(line.split(" ")[1]), headers, await self._reader.readexactly(length))

    async def ended(self) -> bool:
        """Whether nothing comes but the end of the connection."""
        async with asyncio.timeout(10):
            try:
                return await self._reader.read(1) == b""
            except ConnectionError:
                return True

    def close(self) -> None:
        self._writer.close()


@dataclass
class Served:
    """Fronts that answer."""

    rest: RestFront
    server: Server
    heard: Heard
    http_port: int
    grpc_port: int

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http_port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()

    async def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> HttpAnswer:
        """The answer to one request; `content_type` stands for the header `content-type`."""
        fields = {"host": "test", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            fields = {"content-type": "application/json", "content-length": str(len(body)), **fields}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        async with self.connection() as connection:
            connection.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b""))
            return await connection.answer(to_head=method == "HEAD")

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.002)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            yield channel

    async def call(self, path: str, request: Any, answer: str, **more: Any) -> Any:
        """The answer to one call, of the type named."""
        async with self.channel() as channel:
            return await unary(channel, path, answer)(request, timeout=more.pop("timeout", 10), **more)


def unary(channel: grpc.aio.Channel, path: str, answer: str) -> Any:
    """A method of a service."""
    return channel.unary_unary(path, lambda request: request.SerializeToString(), message_class(answer).FromString)


@asynccontextmanager
async def serving(
    routes: Sequence[Route] = (),
    services: Services | None = None,
    site: Site = Site(),  # noqa: B008 - it is immutable
    limits: GrpcLimits = GrpcLimits(),  # noqa: B008
    heard: Heard | None = None,
    **more: Any,
) -> AsyncIterator[Served]:
    """Fronts with these routes and services, on free ports of this machine."""
    heard = heard or Heard()
    rest = RestFront(routes, site, heard, **more)
    addresses = Addresses("127.0.0.1", free_port(), free_port())
    server = Server(rest, GrpcFront(services or {}, limits, heard), take_ports(addresses))
    await server.start()
    try:
        yield Served(rest, server, heard, addresses.http_port, addresses.grpc_port)
    finally:
        at_once = asyncio.Event()
        at_once.set()
        await server.stop(at_once)


@dataclass
class Graph:
    """An engine over classes, and what it was made of."""

    engine: Engine
    predictor: PredictorSpec


def graph_of(
    graph: Mapping[str, Any], components: Mapping[str, object], ledger: Ledger | None = None, **units: Unit
) -> Graph:
    """A graph of components by node name, and of `units`, in this process."""
    predictor = PredictorSpec.model_validate({"name": "p", "graph": graph})
    heard = Heard()
    local = {
        name: LocalUnit(name, Caller(read(component, name), Identity(name, "image:1"), heard), heard)
        for name, component in components.items()
    }
    plan = compile_plan(predictor, Parts({**local, **units}), RoutingInjection.NEVER)
    return Graph(Engine(plan, ledger, heard), predictor)
