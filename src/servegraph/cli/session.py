"""One run of a graph: its parts wired together, from the first request to the last."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.cli.console import print_endpoints
from servegraph.cli.monitor import monitor_command, socket_of
from servegraph.cli.running import announced
from servegraph.engine import Engine, Parts, compile_plan
from servegraph.engine.feedback import Ledger
from servegraph.monitor.client import MonitorClient
from servegraph.observe.metrics import Metrics
from servegraph.project import Project
from servegraph.serving.grpc_front import GrpcFront
from servegraph.serving.metadata import as_proto, graph_metadata
from servegraph.serving.rest import RestFront, Site
from servegraph.serving.server import Ports, Server
from servegraph.spec import SeldonDeployment
from servegraph.supervisor import Supervisor


class Session:
    """A deployment's loaded nodes, served.

    Args:
        folder: private folder for the monitor's socket; None runs no monitor.
        feedback_memory: predictions that feedback can still name.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        nodes: Sequence[LoadedNode],
        folder: Path | None,
        feedback_memory: int,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._predictor = deployment.spec.predictors[0]
        self._nodes = nodes
        self._folder = folder
        self._started = monotonic()
        self._monitor = self._make_monitor()
        self._metrics = self._make_metrics()
        self._engine = self._make_engine(Ledger(feedback_memory))

    async def run(self, ports: Ports, out: Console, loading_since: float) -> None:
        """Serve on the ports until SIGINT, SIGTERM or SIGHUP; then answer what was accepted.

        Raises:
            EnvironmentFault: the gRPC address cannot be bound.
        """
        signals = _listen_to_signals()
        metadata = graph_metadata(self._predictor, describe.documents(self._nodes, self._predictor))
        rest = RestFront(self._engine, self._site(metadata), self._metrics)
        server = Server(rest, GrpcFront(self._engine, as_proto(metadata), self._metrics), ports)
        await server.start()
        async with AsyncExitStack() as ending:
            if self._monitor is not None and self._folder is not None:
                await self._start_monitor(self._monitor, self._folder, ending)
            ending.push_async_callback(server.stop, signals.hurry)  # first of all: what is answered is still watched
            with announced(self._project, ports.addresses):
                print_endpoints(out, self._deployment.name, ports.addresses, self._nodes, monotonic() - loading_since)
                await _stopped_or_ended(signals.stop, server)
        out.print("stopped")

    async def _start_monitor(self, monitor: MonitorClient, folder: Path, ending: AsyncExitStack) -> None:
        supervisor = Supervisor("the drift monitor", monitor_command(self._project, self._nodes, folder))
        await supervisor.start()
        ending.push_async_callback(supervisor.stop)
        feeding = asyncio.get_running_loop().create_task(monitor.run())
        await asyncio.sleep(0)  # `close` waits for a `run` that has begun
        ending.push_async_callback(asyncio.wait, [feeding])
        ending.push_async_callback(monitor.close)

    def _make_monitor(self) -> MonitorClient | None:
        detectors = [node.unit.name for node in self._nodes if node.is_detector]
        if self._folder is None or not detectors:
            return None
        return MonitorClient(socket_of(self._folder), detectors)

    def _make_metrics(self) -> Metrics:
        labels = {node.unit.name: describe.labels(node, self._predictor) for node in self._nodes}
        version = self._predictor.annotations.get("version", "")
        report = self._monitor.report if self._monitor else None
        return Metrics(self._deployment.name, self._predictor.name, version, labels, report)

    def _make_engine(self, ledger: Ledger) -> Engine:
        tap = self._monitor.tap if self._monitor else None
        parts = Parts(
            components={node.unit.name: node.component for node in self._nodes if node.component},
            taps={node.unit.name: tap(node.unit.name) for node in self._nodes if tap and node.is_detector},
            widths={node.unit.name: node.width for node in self._nodes if node.width is not None},
            versions={n.unit.name: f"{n.artifact.name}/{n.artifact.version}" for n in self._nodes if n.artifact},
        )
        return Engine(compile_plan(self._predictor, parts, self._metrics), ledger, self._metrics)

    def _site(self, metadata: dict[str, Any]) -> Site:
        return Site(
            prefix=f"/seldon/{self._deployment.namespace}/{self._deployment.name}",
            metrics=self._metrics.render,
            metadata=json.dumps(metadata).encode(),
            status=self._status,
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


@dataclass(frozen=True)
class _Signals:
    """The first SIGINT, SIGTERM or SIGHUP says stop; a second one says now."""

    stop: asyncio.Event
    hurry: asyncio.Event

    def arrived(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


def _listen_to_signals() -> _Signals:
    signals = _Signals(asyncio.Event(), asyncio.Event())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, signals.arrived)
    return signals


async def _stopped_or_ended(stop: asyncio.Event, server: Server) -> None:
    """Wait for the signal; a server that ends before it is an error, and raises its own."""
    ended = asyncio.ensure_future(server.ended())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ended.result()
    finally:
        ended.cancel()
        stopped.cancel()
