"""The servers of a component in one process: REST, gRPC and metrics, from their start to their end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from servegraph.component.warning_filters import merge_warning_filters
from servegraph.serving.component_grpc import ComponentGrpc
from servegraph.serving.component_http import HttpFront
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.http1.listener import HttpListener
from servegraph.serving.port import Port

CLOSE_NOTICE_S = 0.3  # how long answers say "connection: close" before the listener goes
QUIET_S = 0.1  # this long without a request, and nobody is left
RETIRED_QUIET_S = 1.0  # the same where others serve, and nobody waits for our end
DRAIN_LIMIT_S = 15.0  # the executor's graceful timeout
RETIRE_LIMIT_S = 300.0  # others serve meanwhile, so nobody is in a hurry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """An application and the port where it answers."""

    front: HttpFront
    port: Port


class ComponentServer:
    """All servers of one process.

    Args:
        rpc: what answers gRPC, and its port.
    """

    def __init__(self, https: Sequence[Served], rpc: tuple[ComponentGrpc, Port] | None = None) -> None:
        self._https = [HttpListener(served.port, served.front) for served in https]
        self._rpc = rpc
        self._grpc_server: GrpcServer | None = None

    async def start(self) -> None:
        """Serve on all ports.

        Raises:
            EnvironmentFault: one of them is taken.
        """
        merge_warning_filters()
        if self._rpc is not None:
            grpc, port = self._rpc
            self._grpc_server = await grpc.start(port)
        try:
            for http in self._https:
                await http.start()
        except BaseException:
            await self._close()
            raise

    async def stop(self, hurry: asyncio.Event, alone: bool = True) -> None:
        """Answer what was accepted, then close: at `hurry`, or when it takes too long, whatever is left is dropped.

        Args:
            alone: whether nobody else serves these ports from now on, so that new clients are kept out.
        """
        limit = DRAIN_LIMIT_S if alone else RETIRE_LIMIT_S
        draining, hurried = asyncio.ensure_future(self._drain(alone)), asyncio.ensure_future(hurry.wait())
        _, late = await asyncio.wait([draining, hurried], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if draining in late and not hurry.is_set():
            log.warning("requests that were not answered in %.0f s are dropped", limit)
        for task in late:
            task.cancel()
        await self._close()

    async def _drain(self, alone: bool) -> None:
        for http in self._https:
            http.is_leaving = True
        await asyncio.sleep(CLOSE_NOTICE_S)
        for http in self._https:
            if alone:
                http.pause()
            else:
                http.retire()
        await asyncio.gather(*(http.quiet(QUIET_S if alone else RETIRED_QUIET_S) for http in self._https))
        if self._grpc_server is not None:
            await self._grpc_server.stop(DRAIN_LIMIT_S if alone else RETIRE_LIMIT_S)

    async def _close(self) -> None:
        if self._grpc_server is not None:
            await self._grpc_server.stop(None)
        await asyncio.gather(*(http.close() for http in self._https))
