"""One run of a graph: its parts wired together, from the first request to the last."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.cli.console import print_endpoints
from servegraph.cli.fronts import graph_routes, graph_services
from servegraph.cli.monitor import monitor_command, socket_of
from servegraph.cli.request_logging import start_request_log
from servegraph.cli.running import announced
from servegraph.cli.signals import Signals
from servegraph.cli.topology import Placement, Topology
from servegraph.engine import Engine, Parts, RoutingInjection, Unit, compile_plan
from servegraph.engine.feedback import Ledger
from servegraph.monitor.client import MonitorClient
from servegraph.observe.metrics import Metrics
from servegraph.project import Project
from servegraph.request_log import Limits, Origin, RequestLogger
from servegraph.serving.common_api import CommonApi
from servegraph.serving.grpc_front import GrpcFront, GrpcLimits
from servegraph.serving.rest import RestFront, Site
from servegraph.serving.server import Ports, Server
from servegraph.spec import SeldonDeployment
from servegraph.spec.annotations import call_limits
from servegraph.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` and `up` are told beside the graph and the ports.

    Attributes:
        topology: where the nodes run.
        monitored: whether a drift monitor runs.
        feedback_memory: predictions that feedback can still name.
        max_body: bytes of a request's body.
        max_requests: requests at once.
    """

    topology: Topology
    monitored: bool
    feedback_memory: int
    max_body: int
    max_requests: int


class Session:
    """A deployment's loaded nodes, served.

    Args:
        folder: private folder for the monitor's socket and the like.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        nodes: Sequence[LoadedNode],
        folder: Path,
        options: RunOptions,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._predictor = deployment.spec.predictors[0]
        self._nodes = nodes
        self._folder = folder
        self._options = options
        self._limits, _ = call_limits({**deployment.spec.annotations, **self._predictor.annotations})
        self._placement = Placement(project, deployment, nodes, options.topology, folder, self._limits)
        self._started = monotonic()
        self._monitor = self._make_monitor()
        self._metrics = self._make_metrics()

    async def run(self, ports: Ports, out: Console, loading_since: float) -> None:
        """Serve on the ports until SIGINT, SIGTERM or SIGHUP; then answer what was accepted.

        Raises:
            EnvironmentFault: an address cannot be bound, or a node's process does not start.
        """
        signals = Signals()
        signals.listen()
        async with AsyncExitStack() as ending:
            units = await signals.unless_stopped(self._placement.units(self._metrics, ending, out))
            if units is None:
                return
            log = await self._request_log(ports, ending)
            engine = self._make_engine(units, log)
            server = self._make_server(engine, ports)
            await server.start()
            if self._monitor is not None:
                await self._start_monitor(self._monitor, ending)
            ending.push_async_callback(server.stop, signals.hurry)  # first of all: what is answered is still watched
            with announced(self._project, ports.addresses):
                print_endpoints(out, self._deployment.name, ports.addresses, self._nodes, monotonic() - loading_since)
                if not await engine.ready(False):
                    out.print("[yellow]not every node answers yet: /ready says 503 until they do[/]")
                await signals.stopped_or_ended(server)
        out.print("stopped")

    async def _start_monitor(self, monitor: MonitorClient, ending: AsyncExitStack) -> None:
        supervisor = Supervisor("the drift monitor", monitor_command(self._project, self._nodes, self._folder))
        await supervisor.start()
        ending.push_async_callback(supervisor.stop)
        feeding = asyncio.get_running_loop().create_task(monitor.run())
        await asyncio.sleep(0)  # `close` waits for a `run` that has begun
        ending.push_async_callback(asyncio.wait, [feeding])
        ending.push_async_callback(monitor.close)

    def _make_monitor(self) -> MonitorClient | None:
        detectors = [node.unit.name for node in self._nodes if node.is_detector]
        if not self._options.monitored or not detectors:
            return None
        return MonitorClient(socket_of(self._folder), detectors)

    def _make_metrics(self) -> Metrics:
        labels = {node.unit.name: describe.labels(node, self._predictor) for node in self._nodes}
        version = self._predictor.annotations.get("version", "")
        report = self._monitor.report if self._monitor else None
        return Metrics(self._deployment.name, self._predictor.name, version, labels, report)

    async def _request_log(self, ports: Ports, ending: AsyncExitStack) -> RequestLogger | None:
        origin = Origin(
            self._deployment.name,
            self._deployment.namespace,
            self._predictor.name,
            host=ports.addresses.host,
            http_port=ports.addresses.http_port,
        )
        return await start_request_log(self._predictor, origin, Limits(), os.environ, self._metrics, ending)

    def _make_engine(self, units: Mapping[str, Unit], log: RequestLogger | None) -> Engine:
        tap = self._monitor.tap if self._monitor else None
        parts = Parts(
            units=units,
            taps={node.unit.name: tap(node.unit.name) for node in self._nodes if tap and node.is_detector},
            widths={node.unit.name: node.width for node in self._nodes if node.width is not None},
            versions={n.unit.name: f"{n.artifact.name}/{n.artifact.version}" for n in self._nodes if n.artifact},
            log=log,
        )
        injection = RoutingInjection.AT_END if self._predictor.injects_routing else RoutingInjection.NEVER
        plan = compile_plan(self._predictor, parts, injection)
        return Engine(plan, Ledger(self._options.feedback_memory), self._metrics)

    def _make_server(self, engine: Engine, ports: Ports) -> Server:
        common = CommonApi(lambda: engine.ready(False), self._metrics.render, "/prometheus")
        model = describe.inference_model(self._deployment, self._nodes)
        description = describe.graph(self._deployment, self._nodes)
        routes = graph_routes(engine, self._predictor, common, model, description, self._status)
        rest = RestFront(routes, self._site(), self._metrics, common.drain)
        limits = GrpcLimits(self._options.max_body, self._limits.grpc_timeout_s, self._options.max_requests)
        rpc = GrpcFront(graph_services(engine, self._predictor, common, model), limits, self._metrics)
        return Server(rest, rpc, ports)

    def _site(self) -> Site:
        return Site(
            prefix=f"/seldon/{self._deployment.namespace}/{self._deployment.name}",
            deployment=self._deployment.name,
            namespace=self._deployment.namespace,
            forwards=self._placement.is_remote,
            timeout_s=self._limits.rest_timeout_s,
            max_body=self._options.max_body,
            max_requests=self._options.max_requests,
        )

    def _status(self) -> dict[str, Any]:
        return {
            "deployment": self._deployment.name,
            "namespace": self._deployment.namespace,
            "predictor": self._predictor.name,
            "pid": os.getpid(),
            "uptime_s": round(monotonic() - self._started, 1),
            "nodes": [describe.status(node) for node in self._nodes],
            "answers": self._metrics.answers(),
            "arms": self._metrics.arms(),
            "feedback": self._metrics.feedback_results(),
            "monitor": asdict(self._monitor.report()) if self._monitor else None,
        }
