"""Both fronts on one event loop: start, serve until told to stop, drain, end."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from servegraph.component.warning_filters import merge_warning_filters
from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.serving.grpc_front import GrpcFront
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.http1.listener import CLOSE_S, HttpListener
from servegraph.serving.memory import keep_memory_small
from servegraph.serving.port import Port, keep_port
from servegraph.serving.rest import RestFront

CLOSE_NOTICE_S = 0.3  # how long answers say "connection: close" before the listener goes
QUIET_S = 0.1  # this long without a request, and nobody is left
DRAIN_LIMIT_S = 15.0  # the executor's default graceful timeout
CLOSE_LIMIT_S = CLOSE_S  # what connections get that are still open then

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the fronts listen."""

    host: str
    http_port: int
    grpc_port: int

    @property
    def http(self) -> str:
        return self._authority(self.http_port)

    @property
    def grpc(self) -> str:
        return self._authority(self.grpc_port)

    def _authority(self, port: int) -> str:
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate and of its key, both PEM, for both ports."""

    certificate: Path
    key: Path

    def context(self, protocol: str) -> ssl.SSLContext:
        """For a port that speaks `protocol`, by its name in ALPN.

        Raises:
            EnvironmentFault: a file cannot be read, or they do not fit.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            what = f"{self.certificate} and {self.key} are no certificate and its key: {error}"
            raise EnvironmentFault(what, hint="both must be PEM, and belong together") from error
        except OSError as error:
            hint = "mount the secret, or unset SELDON_CERT_MOUNT_PATH"
            raise EnvironmentFault(f"cannot read {error.filename}: {error.strerror}", hint=hint) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols([protocol])
        return context


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of both fronts, taken before anything is loaded."""

    addresses: Addresses
    http: Port
    grpc: Port


@dataclass(frozen=True, slots=True)
class KeptPorts:
    """Ports that nobody else gets, for several processes to serve: the kernel gives each a share of the clients."""

    kept: Ports

    @property
    def addresses(self) -> Addresses:
        return self.kept.addresses

    def join(self) -> Ports:
        """The ports for one of the processes.

        Raises:
            PortInUse: they cannot be had any more.
        """
        return _ports(self.addresses, partial(Port, shared=True))


def take_ports(addresses: Addresses) -> Ports:
    """Bind both ports.

    Raises:
        ConfigurationError: both are one and the same, or the host has no such address.
        PortInUse: another process listens on one of them.
    """
    _check_differ(addresses)
    return _ports(addresses, Port)


def keep_ports(addresses: Addresses) -> KeptPorts:
    """Bind both ports for processes that share them; raises like `take_ports`."""
    _check_differ(addresses)
    return KeptPorts(_ports(addresses, keep_port))


def _ports(addresses: Addresses, bound: Callable[[str, int, str], Port]) -> Ports:
    http = bound(addresses.host, addresses.http_port, "--http-port")
    try:
        return Ports(addresses, http, bound(addresses.host, addresses.grpc_port, "--grpc-port"))
    except BaseException:
        http.close()
        raise


def _check_differ(addresses: Addresses) -> None:
    if addresses.http_port == addresses.grpc_port:
        raise ConfigurationError(
            f"HTTP and gRPC cannot both have port {addresses.http_port}", hint="choose another with --grpc-port"
        )


class Server:
    """The REST and gRPC servers of one process.

    Args:
        drain_limit_s: what requests that were accepted get after the signal to stop.
    """

    def __init__(
        self,
        rest: RestFront,
        rpc: GrpcFront,
        ports: Ports,
        tls: Tls | None = None,
        drain_limit_s: float = DRAIN_LIMIT_S,
    ) -> None:
        self._rest = rest
        self._rpc = rpc
        self._ports = ports
        self._drain_limit_s = drain_limit_s
        self._tls = tls.context("h2") if tls else None
        self._grpc_server: GrpcServer | None = None
        self._http = HttpListener(ports.http, rest, tls.context("http/1.1") if tls else None)

    async def start(self) -> None:
        """Serve on both ports.

        Raises:
            EnvironmentFault: one of the addresses is taken.
        """
        keep_memory_small()
        merge_warning_filters()
        self._grpc_server = await self._rpc.start(self._ports.grpc, self._tls)
        try:
            await self._http.start()
        except EnvironmentFault:
            await self._grpc_server.stop(None)
            raise

    async def stop(self, hurry: asyncio.Event) -> None:
        """Answer what was accepted, then close: at `hurry`, or at the limit, whatever is left is dropped.

        Clients with open connections are told to close them; then no new ones are let in; then, when
        the last request has been answered, the servers go.
        """
        try:
            async with asyncio.timeout(self._drain_limit_s):
                await _first(self._drain(), hurry.wait())
        except TimeoutError:
            log.warning("requests that were not answered in %.0f s are dropped", self._drain_limit_s)
        await self._close()

    def drain(self) -> None:
        """From now on say that we are not ready, and ask clients to close their connections."""
        self._rest.drain()
        self._http.is_leaving = True

    async def _drain(self) -> None:
        self.drain()
        await asyncio.sleep(CLOSE_NOTICE_S)
        self._http.pause()
        await asyncio.gather(self._http.quiet(QUIET_S), self._drain_rpc())

    async def _drain_rpc(self) -> None:
        if self._grpc_server is not None:
            await self._grpc_server.stop(self._drain_limit_s)

    async def _close(self) -> None:
        if self._grpc_server is not None:
            await self._grpc_server.stop(None)
        self._ports.grpc.close()
        await self._http.close()


async def _first(*awaitables: Awaitable[object]) -> None:
    """Wait for whichever comes first; the others are cancelled."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
