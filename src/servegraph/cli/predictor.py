"""One predictor of a run: its nodes, where they run, its metrics, its drift monitor and its engine."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.cli.crew import Crew
from servegraph.cli.monitor import detectors, socket_of, supervised_monitor
from servegraph.cli.request_logging import loggers_of, start_request_log
from servegraph.cli.shipper import supervised_shipper
from servegraph.cli.topology import Placement, Topology
from servegraph.cli.units import stubs
from servegraph.engine import Engine, Parts, RoutingInjection, Unit, compile_plan
from servegraph.errors import ConfigurationError
from servegraph.monitor.client import MonitorClient
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.metrics import Metrics
from servegraph.observe.rows import Rows
from servegraph.project import Project
from servegraph.remote import RemoteProtocol
from servegraph.request_log import Limits, Origin, RequestLogger
from servegraph.serving.server import Addresses
from servegraph.spec import PredictorSpec, SeldonDeployment
from servegraph.spec.annotations import call_limits

LoadedPredictor = tuple[PredictorSpec, Sequence[LoadedNode]]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` and `up` are told beside the graph and the ports.

    Attributes:
        topology: where the nodes run.
        monitored: whether a drift monitor runs.
        feedback_memory: predictions that feedback can still name, for each predictor.
        drift_busy_rate: rows a second that the drift monitor takes while requests need the time.
        max_body: bytes of a request's body.
        max_requests: requests at once, of each worker.
        workers: processes that answer.
        preloads: whether the workers are forked from a process that has loaded everything.
    """

    topology: Topology
    monitored: bool
    feedback_memory: int
    drift_busy_rate: int
    max_body: int
    max_requests: int
    workers: int = 1
    preloads: bool = True


def remote_protocol(deployment: SeldonDeployment, nodes: Sequence[LoadedNode]) -> RemoteProtocol:
    """What nodes that run elsewhere speak.

    Raises:
        ConfigurationError: it is a protocol that has no form in a graph of Seldon's messages.
    """
    match deployment.spec.protocol:
        case "v2" | "kfserving":
            return "v2"
        case "tensorflow" if node := next((each for each in nodes if describe.runs(each) == "elsewhere"), None):
            raise ConfigurationError(
                f"node {node.unit.name!r} runs elsewhere and speaks TensorFlow Serving's protocol",
                hint="serve such a graph with `servegraph executor --protocol tensorflow`",
            )
    return "seldon"


class ServedPredictor:
    """A predictor's loaded nodes, made to answer.

    Args:
        number: which one of the run's predictors it is.
        folder: private folder for the monitor's socket and the like.
        crew: the processes that serve it, of which this is one.
        custom: where components put their own metrics; all predictors of a run share it.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        spec: PredictorSpec,
        nodes: Sequence[LoadedNode],
        number: int,
        folder: Path,
        options: RunOptions,
        crew: Crew,
        custom: CustomMetrics,
    ) -> None:
        self.spec = spec
        self.nodes = nodes
        self.limits, _ = call_limits({**deployment.spec.annotations, **spec.annotations})
        self.ledger = crew.ledger(number)
        self._project = project
        self._deployment = deployment
        self._folder = folder
        self._stubs = stubs(nodes)
        protocol = remote_protocol(deployment, nodes)
        self._placement = Placement(
            project, deployment.name, protocol, spec, nodes, options.topology, folder, self.limits, crew.worker_id
        )
        self.monitor = self._make_monitor(options)
        self._shipper = supervised_shipper(folder) if loggers_of(spec, os.environ) else None
        self.metrics = self._make_metrics(custom, crew.rows)

    @property
    def is_remote(self) -> bool:
        """Whether a node runs outside of this process."""
        return self._placement.is_remote

    async def start(self, addresses: Addresses, ending: AsyncExitStack, out: Console) -> Engine:
        """The engine, once every node can be called; what must be ended goes on the stack.

        Raises:
            EnvironmentFault: a node's process does not start.
        """
        units = await self._placement.units(self.metrics, ending, out)
        if self._shipper is not None:
            ending.push_async_callback(self._shipper.stop)  # after the last event
        log = await self._request_log(addresses, ending)
        return self._engine({**units, **self._stubs}, log)

    async def start_watching(self, ending: AsyncExitStack) -> None:
        """Start the processes that take what passes: the request log's, which `start` has prepared, and the monitor."""
        if self._shipper is not None:
            await self._shipper.start()
        if self.monitor is None:
            return
        supervisor = supervised_monitor(self._project, self.nodes, self._folder)
        await supervisor.start()
        ending.push_async_callback(supervisor.stop)
        await self.feed_monitor(ending)

    async def feed_monitor(self, ending: AsyncExitStack) -> None:
        """Give the rows to the monitor, which runs or will run in a process of its own."""
        monitor = self.monitor
        if monitor is None:
            return
        feeding = asyncio.get_running_loop().create_task(monitor.run())
        await asyncio.sleep(0)  # `close` waits for a `run` that has begun
        ending.push_async_callback(asyncio.wait, [feeding])
        ending.push_async_callback(monitor.close)

    def _make_monitor(self, options: RunOptions) -> MonitorClient | None:
        watched = detectors(self.nodes)
        if not (options.monitored and watched):
            return None
        return MonitorClient(socket_of(self._folder), watched, busy_rate=options.drift_busy_rate)

    def _make_metrics(self, custom: CustomMetrics, rows: Rows) -> Metrics:
        labels = {node.unit.name: describe.labels(node, self.spec) for node in self.nodes}
        version = self.spec.annotations.get("version", "")
        report = self.monitor.report if self.monitor else None
        return Metrics(self._deployment.name, self.spec.name, version, labels, report, custom=custom, rows=rows)

    async def _request_log(self, addresses: Addresses, ending: AsyncExitStack) -> RequestLogger | None:
        origin = Origin(
            self._deployment.name,
            self._deployment.namespace,
            self.spec.name,
            host=addresses.host,
            http_port=addresses.http_port,
        )
        return await start_request_log(self.spec, origin, Limits(), os.environ, self.metrics, self._folder, ending)

    def _engine(self, units: Mapping[str, Unit], log: RequestLogger | None) -> Engine:
        tap = self.monitor.tap if self.monitor else None
        watched = {node.unit.name: tap(node.unit.name) for node in self.nodes if tap and node.is_detector}
        parts = Parts(
            units=units,
            taps={**watched, **self._stubs},
            widths={node.unit.name: node.checked_width for node in self.nodes if node.checked_width is not None},
            versions={n.unit.name: f"{n.artifact.name}/{n.artifact.version}" for n in self.nodes if n.artifact},
            kernels={node.unit.name: kernel for node in self.nodes if (kernel := describe.kernel(node))},
            log=log,
        )
        injection = RoutingInjection.AT_END if self.spec.injects_routing else RoutingInjection.NEVER
        return Engine(compile_plan(self.spec, parts, injection), self.ledger, self.metrics)
