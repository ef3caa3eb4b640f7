"""Both fronts on one event loop: start, serve until told to stop, drain, end.

The HTTP server is granian's embedded one; it has no metrics or reload of its own here.
"""

import asyncio
import logging
import socket
from dataclasses import dataclass

import grpc
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server as HttpServer

from servegraph.errors import PortInUse
from servegraph.serving.grpc_front import GrpcFront
from servegraph.serving.rest import RestFront

DRAIN_NOTICE_S = 0.3  # how long answers say "connection: close" before the listener goes
DRAIN_LIMIT_S = 15.0  # the executor's graceful timeout


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the fronts listen."""

    host: str
    http_port: int
    grpc_port: int


def check_ports(addresses: Addresses) -> None:
    """Fail early, with a better message than a server's.

    Raises:
        PortInUse: another process listens on one of the ports.
    """
    for option, port in (("--http-port", addresses.http_port), ("--grpc-port", addresses.grpc_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((addresses.host, port))
            except OSError as error:
                raise PortInUse(
                    f"cannot listen on {addresses.host}:{port}: {error.strerror}",
                    hint=f"stop what uses it (ss -ltnp 'sport = :{port}'), or choose another with {option}",
                ) from error


class Server:
    """The REST and gRPC servers of one process."""

    def __init__(self, rest: RestFront, rpc: GrpcFront, addresses: Addresses) -> None:
        self._rest = rest
        self._rpc = rpc
        self._addresses = addresses
        self._grpc_server: grpc.aio.Server | None = None
        self._http_task: asyncio.Task[None] | None = None
        self._http = HttpServer(
            rest,
            address=addresses.host,
            port=addresses.http_port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(),
            websockets=False,
            backlog=1024,
            log_level=LogLevels.critical,
        )

    async def start(self) -> None:
        """Bind both ports and serve.

        Raises:
            EnvironmentFault: the gRPC address cannot be bound.
        """
        logging.getLogger("_granian").setLevel(logging.CRITICAL)
        self._grpc_server = await self._rpc.start(self._addresses.host, self._addresses.grpc_port)
        self._http_task = asyncio.get_running_loop().create_task(self._http.serve())
        await self._answers()

    async def _answers(self) -> None:
        while not self._http_task_failed():
            try:
                _, writer = await asyncio.open_connection(self._addresses.host, self._addresses.http_port)
            except OSError:
                await asyncio.sleep(0.005)
            else:
                writer.close()
                return

    def _http_task_failed(self) -> bool:
        assert self._http_task is not None
        if self._http_task.done():
            self._http_task.result()
        return False

    async def stop(self) -> None:
        """Answer what was accepted, then close.

        Clients with open connections are told to close them first, so that none loses a
        request that is on its way when the listener goes.
        """
        self._rest.drain()
        await asyncio.sleep(DRAIN_NOTICE_S)
        if self._grpc_server is not None:
            await self._grpc_server.stop(DRAIN_LIMIT_S)
        self._http.stop()
        if self._http_task is not None:
            await asyncio.wait([self._http_task], timeout=DRAIN_LIMIT_S)
