"""The split topology: every node that has a class gets a process of its own, on this machine."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from servegraph.cli.assemble import LoadedNode
from servegraph.cli.split_command import NodeAddress, environment, own_command, seldon_command
from servegraph.cli.split_health import serves
from servegraph.project import Project
from servegraph.spec import PredictorSpec
from servegraph.supervisor import Backoff, Command, Echo, Group, PortReserve, Supervisor, to_stderr

Server = Literal["servegraph", "seldon-core"]

HOST = "127.0.0.1"
READY_WITHIN_S = 120.0  # a node may have a large model to load
STABLE_S = 3.0


class SplitNodes:
    """The processes of a graph's nodes.

    Args:
        deployment: the deployment's name.
        folder: private folder, which must exist as long as the processes.
        echo: is given what the processes print, with the node's name.

    Raises:
        EnvironmentFault: Seldon's server is wanted and not installed.
        OSError: there are no free ports, or the folder cannot be written.

    Attributes:
        addresses: by node name; nodes without a class are missing.
    """

    def __init__(
        self,
        project: Project,
        deployment: str,
        predictor: PredictorSpec,
        nodes: Sequence[LoadedNode],
        server: Server,
        folder: Path,
        echo: Echo = to_stderr,
    ) -> None:
        self._project = project
        self._server = server
        self._folder = folder
        self._echo = echo
        self._ports = PortReserve(HOST)
        own = {node.unit.name: node for node in nodes if node.reference is not None}
        self.addresses = {name: self._take_address() for name in own}
        self._members = {
            name: self._supervisor(node, environment(deployment, predictor, node, self.addresses[name]))
            for name, node in own.items()
        }
        self._group = Group(list(self._members.values()))

    async def start(self, say: Callable[[str, float], None], within: float = READY_WITHIN_S) -> None:
        """Start all processes and wait until each answers. `say` hears a node's name and the seconds it took.

        Raises:
            EnvironmentFault: a node does not start; the text has its last lines. All others are ended.
        """
        names = {member.name: name for name, member in self._members.items()}
        try:
            await self._group.start()
            await self._group.until_ready(within, lambda title, seconds: say(names[title], seconds))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End all processes, and give their ports back."""
        await self._group.stop()
        self._ports.close()

    def is_up(self, node: str) -> bool:
        """Whether a node's process runs and was ready when it was last asked."""
        return self._members[node].is_ready

    def restarts(self) -> dict[str, int]:
        """How often each node's process was started again."""
        return {name: member.restarts for name, member in self._members.items()}

    def pids(self) -> dict[str, int | None]:
        """Each node's process id."""
        return {name: member.pid for name, member in self._members.items()}

    def _take_address(self) -> NodeAddress:
        return NodeAddress(HOST, self._ports.take(), self._ports.take(), self._ports.take())

    def _supervisor(self, node: LoadedNode, variables: dict[str, str]) -> Supervisor:
        name = node.unit.name
        address = self.addresses[name]
        command = self._command(node, address)
        return Supervisor(
            f"node {name!r}",
            command.arguments,
            environment=variables,
            folder=command.folder,
            ready=partial(serves, address.host, address.http_port, address.grpc_port),
            echo=lambda _, line: self._echo(name, line),
            backoff=Backoff(stable_s=STABLE_S),
        )

    def _command(self, node: LoadedNode, address: NodeAddress) -> Command:
        if self._server == "servegraph":
            return own_command(self._project, node, address)
        folder = self._folder / f"node-{address.http_port}"
        folder.mkdir()
        return seldon_command(self._project, node, address, folder)
