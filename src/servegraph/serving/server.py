"""Both fronts on one event loop: start, serve until told to stop, drain, end."""

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic

import grpc
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from servegraph.serving.grpc_front import GrpcFront
from servegraph.serving.listener import HttpServer, Listener
from servegraph.serving.rest import RestFront

CLOSE_NOTICE_S = 0.3  # how long answers say "connection: close" before the listener goes
QUIET_S = 0.1  # this long without a request, and nobody is left
DRAIN_LIMIT_S = 15.0  # the executor's graceful timeout


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the fronts listen."""

    host: str
    http_port: int
    grpc_port: int


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of both fronts, taken before anything is loaded."""

    http: Listener
    addresses: Addresses


def take_ports(addresses: Addresses) -> Ports:
    """Bind the HTTP port, and see that the gRPC port is free.

    Raises:
        PortInUse: another process listens on one of them.
    """
    Listener(addresses.host, addresses.grpc_port, "--grpc-port").close()
    return Ports(Listener(addresses.host, addresses.http_port, "--http-port"), addresses)


class Server:
    """The REST and gRPC servers of one process."""

    def __init__(self, rest: RestFront, rpc: GrpcFront, ports: Ports) -> None:
        self._rest = rest
        self._rpc = rpc
        self._ports = ports
        self._grpc_server: grpc.aio.Server | None = None
        self._http_task: asyncio.Task[None] | None = None
        self._http = HttpServer(
            ports.http,
            rest,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.critical,
        )

    async def start(self) -> None:
        """Serve on both ports.

        Raises:
            EnvironmentFault: the gRPC address cannot be bound.
        """
        addresses = self._ports.addresses
        logging.getLogger("_granian").setLevel(logging.CRITICAL)
        self._grpc_server = await self._rpc.start(addresses.host, addresses.grpc_port)
        self._http_task = asyncio.get_running_loop().create_task(self._http.serve())
        await asyncio.sleep(0)  # the task opens the listener in its first step

    async def stop(self) -> None:
        """Answer what was accepted, then close.

        Clients with open connections are told to close them; then no new ones are let in; then, when
        the last request has been answered, the servers go.
        """
        self._rest.drain()
        await asyncio.sleep(CLOSE_NOTICE_S)
        self._ports.http.pause()
        await self._quiet()
        if self._grpc_server is not None:
            await self._grpc_server.stop(DRAIN_LIMIT_S)
        self._http.stop()
        if self._http_task is not None:
            await asyncio.wait([self._http_task], timeout=DRAIN_LIMIT_S)
        self._ports.http.close()

    async def _quiet(self) -> None:
        limit = monotonic() + DRAIN_LIMIT_S
        while monotonic() < limit:
            served = self._rest.served
            await asyncio.sleep(QUIET_S)
            if self._rest.in_flight == 0 and self._rest.served == served:
                return
