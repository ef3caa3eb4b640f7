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
from servegraph.spec import PredictorSpec, SeldonDeployment
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
    """Makes the units of one run.

    Args:
        folder: private folder for the processes of nodes.
        limits: what a call of a node in another process may take.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        nodes: Sequence[LoadedNode],
        topology: Topology,
        folder: Path,
        limits: CallLimits,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._predictor = deployment.spec.predictors[0]
        self._nodes = nodes
        self._topology = topology
        self._folder = folder
        self._limits = limits

    @property
    def is_remote(self) -> bool:
        """Whether a node runs outside of this process."""
        return not self._topology.is_fused or any(node.unit.has_address for node in self._nodes)

    async def units(self, metrics: Metrics, ending: AsyncExitStack, out: Console) -> Mapping[str, Unit]:
        """The units of all nodes but built-in ones; what must be ended goes on the stack.

        Raises:
            EnvironmentFault: a node's process does not start.
        """
        has_deadline = self._limits.rest_timeout_s is not None or self._limits.grpc_timeout_s is not None
        origin_of = origins(self._deployment.name, self._predictor)
        local = local_units(self._nodes, self._predictor, metrics, origin_of, has_deadline)
        if self._topology.server is not None:
            return await self._split_units(self._topology.server, metrics, ending, out)
        return {**self._remote_units(self._predictor, metrics, ending), **local} if self.is_remote else local

    async def _split_units(
        self, server: Server, metrics: Metrics, ending: AsyncExitStack, out: Console
    ) -> Mapping[str, Unit]:
        split = SplitNodes(self._project, self._deployment.name, self._predictor, self._nodes, server, self._folder)
        await split.start(
            lambda node, seconds: out.print(f"[green]●[/] {node:<12} its own process  [dim]{seconds:.2f} s[/]")
        )
        ending.push_async_callback(split.stop)
        units = self._remote_units(_with_addresses(self._predictor, split.addresses), metrics, ending)
        own = {name: SplitUnit(units[name], partial(split.is_up, name)) for name in split.addresses}
        return {**units, **own}

    def _remote_units(self, predictor: PredictorSpec, metrics: Metrics, ending: AsyncExitStack) -> Mapping[str, Unit]:
        connections = remote.Connections()
        ending.push_async_callback(connections.close)
        timeouts = remote.Timeouts(self._limits.rest_timeout_s, self._limits.grpc_timeout_s)
        return remote.units(
            predictor, "seldon", connections, transport_default=None, timeouts=timeouts, listener=metrics
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
