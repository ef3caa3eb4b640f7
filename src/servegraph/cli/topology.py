"""Where the nodes of a graph run: in this process, in processes of their own, or where their endpoints say."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from servegraph import remote
from servegraph.cli.assemble import LoadedNode
from servegraph.cli.split import Server, SplitNodes
from servegraph.cli.split_command import NodeAddress
from servegraph.cli.split_unit import SplitUnit
from servegraph.cli.units import local_units, origins
from servegraph.engine import Unit
from servegraph.observe.metrics import Metrics
from servegraph.project import Project
from servegraph.spec import PredictorSpec
from servegraph.spec.annotations import CallLimits


@dataclass(frozen=True, slots=True)
class Topology:
    """How a graph's own nodes run.

    Attributes:
        server: what serves the nodes that have a process of their own; None runs them in this one.
    """

    server: Server | None = None

    @property
    def is_fused(self) -> bool:
        return self.server is None


class Placement:
    """Makes the units of one predictor.

    Args:
        deployment: the deployment's name.
        protocol: what its nodes speak that run elsewhere.
        folder: private folder for the processes of nodes.
        limits: what a call of a node in another process may take.
        worker_id: stands for this process in the metrics of its components.
    """

    def __init__(
        self,
        project: Project,
        deployment: str,
        protocol: remote.RemoteProtocol,
        predictor: PredictorSpec,
        nodes: Sequence[LoadedNode],
        topology: Topology,
        folder: Path,
        limits: CallLimits,
        worker_id: str,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._protocol = protocol
        self._predictor = predictor
        self._nodes = nodes
        self._topology = topology
        self._folder = folder
        self._limits = limits
        self._worker_id = worker_id

    @property
    def is_remote(self) -> bool:
        """Whether a node runs outside of this process."""
        return not self._topology.is_fused or any(node.unit.has_address for node in self._nodes)

    async def units(self, metrics: Metrics, ending: AsyncExitStack, out: Console) -> Mapping[str, Unit]:
        """The units of all nodes with a component of their own; what must be ended goes on the stack.

        Raises:
            EnvironmentFault: a node's process does not start.
        """
        has_deadline = self._limits.rest_timeout_s is not None or self._limits.grpc_timeout_s is not None
        in_threads = has_deadline or self._predictor.shadow
        origin_of = origins(self._deployment, self._predictor, self._worker_id)
        local = local_units(self._nodes, self._predictor, metrics, origin_of, in_threads)
        if not self.is_remote:
            return local
        connections = remote.Connections()
        ending.push_async_callback(connections.close)
        elsewhere = self._elsewhere(connections, metrics)
        if self._topology.server is None:
            return {**elsewhere, **local}
        return {**elsewhere, **await self._split_units(self._topology.server, connections, metrics, ending, out)}

    def _elsewhere(self, connections: remote.Connections, metrics: Metrics) -> Mapping[str, Unit]:
        """The units of nodes with an address, in the protocol of the deployment."""
        units = self._remote_units(self._predictor, self._protocol, connections, metrics)
        if self._protocol == "seldon":
            return units
        return {name: remote.OpenInferenceUnit(name, unit) for name, unit in units.items()}

    async def _split_units(
        self, server: Server, connections: remote.Connections, metrics: Metrics, ending: AsyncExitStack, out: Console
    ) -> Mapping[str, Unit]:
        """The units of nodes with a process of their own, which speaks Seldon's protocol."""
        split = SplitNodes(self._project, self._deployment, self._predictor, self._nodes, server, self._folder)
        await split.start(
            lambda node, seconds: out.print(f"[green]●[/] {node:<12} its own process  [dim]{seconds:.2f} s[/]")
        )
        ending.push_async_callback(split.stop)
        units = self._remote_units(_with_addresses(self._predictor, split.addresses), "seldon", connections, metrics)
        return {name: SplitUnit(units[name], partial(split.is_up, name)) for name in split.addresses}

    def _remote_units(
        self,
        predictor: PredictorSpec,
        protocol: remote.RemoteProtocol,
        connections: remote.Connections,
        metrics: Metrics,
    ) -> Mapping[str, Unit]:
        timeouts = remote.Timeouts(self._limits.rest_timeout_s, self._limits.grpc_timeout_s)
        return remote.units(
            predictor, protocol, connections, transport_default=None, timeouts=timeouts, listener=metrics
        )


def _with_addresses(predictor: PredictorSpec, addresses: Mapping[str, NodeAddress]) -> PredictorSpec:
    """The predictor whose nodes are called where their processes answer."""
    placed = predictor.model_copy(deep=True)
    for unit in placed.graph.walk():
        address = addresses.get(unit.name)
        if address is not None:
            unit.endpoint = {
                "service_host": address.host,
                "service_port": address.http_port,
                "httpPort": address.http_port,
                "grpcPort": address.grpc_port,
            }
    return placed


FUSED = Topology()
