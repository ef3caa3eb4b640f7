"""`servegraph run`: serve a graph on this machine."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import click
import uvloop
from rich.console import Console

from servegraph.cli import logs
from servegraph.cli.assemble import LoadedNode, load_nodes
from servegraph.cli.console import console, node_line, progress
from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_project, open_registry, settings
from servegraph.engine import Engine, Parts, compile_plan
from servegraph.engine.feedback import Ledger
from servegraph.errors import ConfigurationError
from servegraph.monitor.client import MonitorClient
from servegraph.observe.metrics import Metrics, NodeLabels
from servegraph.project import Project
from servegraph.serving.grpc_front import GrpcFront
from servegraph.serving.metadata import as_proto, graph_metadata
from servegraph.serving.rest import RestFront, Site
from servegraph.serving.server import Addresses, Ports, Server, take_ports
from servegraph.spec import PredictorSpec, SeldonDeployment
from servegraph.supervisor import Supervisor

HELP = """Serve a graph or a SeldonDeployment manifest on this machine.

\b
GRAPH is a graph file or a manifest; by default the project's own:
  servegraph run
  servegraph run graphs/ensemble.py --http-port 8080 --grpc-port 8081
  servegraph run manifests/screening.yaml

\b
It answers Seldon's API, at these paths and below /seldon/<namespace>/<name>/:
  POST /api/v1.0/predictions   {"data": {"ndarray": [[...]]}}
  POST /api/v1.0/feedback      {"response": {"meta": {"puid": "..."}}, "reward": 1}
  GET  /ready /live /prometheus /api/v1.0/metadata
  gRPC seldon.protos.Seldon, with reflection

Ctrl-C and SIGTERM answer what was accepted, then end."""


def serving_options(command: Any) -> Any:
    """The options that `run` and `up` share."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option("--http-port", default=8000, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--grpc-port", default=5001, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--monitor/--no-monitor", "with_monitor", default=True, help="Watch for drift (default)."),
        PROJECT_OPTION,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(help=HELP)
@GRAPH_ARGUMENT
@serving_options
def run(graph: Path | None, host: str, http_port: int, grpc_port: int, with_monitor: bool, folder: Path) -> None:
    project = open_project(folder)
    deployment = open_graph(project, graph)
    serve(project, deployment, take_ports(Addresses(host, http_port, grpc_port)), with_monitor)


def serve(project: Project, deployment: SeldonDeployment, ports: Ports, with_monitor: bool) -> None:
    """Load a deployment and serve it until a signal comes.

    Raises:
        ConfigurationError: it has several predictors, or a component does not fit.
        EnvironmentFault: an artifact is missing or refused.
    """
    logs.configure()
    out = console()
    started = monotonic()
    predictor = _only_predictor(deployment)
    nodes = _load(project, predictor, out)
    with _private_folder() as folder:
        session = _Session(project, deployment, predictor, nodes, ports, folder if with_monitor else None)
        uvloop.run(session.run(out, started))


def _only_predictor(deployment: SeldonDeployment) -> PredictorSpec:
    predictors = deployment.spec.predictors
    if len(predictors) != 1:
        names = ", ".join(predictor.name for predictor in predictors)
        raise ConfigurationError(
            f"{deployment.name!r} has {len(predictors)} predictors ({names}); one is served",
            hint="split them into a manifest each, and run those on ports of their own",
        )
    return predictors[0]


def _load(project: Project, predictor: PredictorSpec, out: Console) -> list[LoadedNode]:
    nodes = []
    with progress(out, "loading") as status:
        say = (lambda name: status.update(f"loading {name}")) if status else (lambda name: None)
        for node in load_nodes(project, predictor, open_registry(project), say):
            out.print(node_line(node))
            nodes.append(node)
    return nodes


@contextmanager
def _private_folder() -> Iterator[Path]:
    # Socket paths are limited to some 100 bytes, so the project's own folder may be too deep.
    folder = Path(tempfile.mkdtemp(prefix="servegraph-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Session:
    """One run: the parts wired together, from the first byte served to the last."""

    project: Project
    deployment: SeldonDeployment
    predictor: PredictorSpec
    nodes: Sequence[LoadedNode]
    ports: Ports
    folder: Path | None

    async def run(self, out: Console, started: float) -> None:
        stop = _stop_on_signals()
        self._started = started
        self._monitor = self._monitor_client()
        self._metrics = self._make_metrics()
        metadata = graph_metadata(self.predictor, _documents(self.nodes, self.predictor))
        engine = self._engine()
        rest = RestFront(engine, self._site(metadata), self._metrics)
        server = Server(rest, GrpcFront(engine, as_proto(metadata), self._metrics), self.ports)
        await server.start()
        with _announced(self.project, self.deployment, self.ports.addresses):
            _print_endpoints(out, self.deployment, self.ports.addresses, self.nodes, monotonic() - started)
            await self._until(stop, server)
        out.print("stopped")

    async def _until(self, stop: asyncio.Event, server: Server) -> None:
        if self._monitor is None or self.folder is None:
            await stop.wait()
            await server.stop()
            return
        supervisor = Supervisor("the drift monitor", _monitor_command(self.project, self.nodes, self.folder))
        await supervisor.start()
        feeding = asyncio.get_running_loop().create_task(self._monitor.run())
        await stop.wait()
        await server.stop()
        await self._monitor.close()
        await supervisor.stop()
        await feeding

    def _monitor_client(self) -> MonitorClient | None:
        detectors = [node.unit.name for node in self.nodes if node.is_detector]
        if self.folder is None or not detectors:
            return None
        return MonitorClient(self.folder / "monitor.sock", detectors)

    def _make_metrics(self) -> Metrics:
        labels = {node.unit.name: _labels(node, self.predictor) for node in self.nodes}
        version = self.predictor.annotations.get("version", "")
        report = self._monitor.report if self._monitor else None
        return Metrics(self.deployment.name, self.predictor.name, version, labels, report)

    def _engine(self) -> Engine:
        parts = Parts(
            components={node.unit.name: node.component for node in self.nodes if node.component},
            taps=self._taps(),
            widths=_widths(self.nodes),
            versions={n.unit.name: f"{n.artifact.name}/{n.artifact.version}" for n in self.nodes if n.artifact},
        )
        plan = compile_plan(self.predictor, parts, self._metrics)
        return Engine(plan, Ledger(settings().feedback_memory), self._metrics)

    def _taps(self) -> dict[str, Any]:
        if self._monitor is None:
            return {}
        return {node.unit.name: self._monitor.tap(node.unit.name) for node in self.nodes if node.is_detector}

    def _site(self, metadata: dict[str, Any]) -> Site:
        return Site(
            prefix=f"/seldon/{self.deployment.namespace}/{self.deployment.name}",
            is_ready=lambda: True,
            metrics=self._metrics.render,
            metadata=json.dumps(metadata).encode(),
            status=self._status,
        )

    def _status(self) -> dict[str, Any]:
        return {
            "deployment": self.deployment.name,
            "namespace": self.deployment.namespace,
            "predictor": self.predictor.name,
            "pid": os.getpid(),
            "uptime_s": round(monotonic() - self._started, 1),
            "nodes": [_node_status(node) for node in self.nodes],
            "arms": self._metrics.arms(),
            "feedback": self._metrics.feedback_results(),
            "monitor": asdict(self._monitor.report()) if self._monitor else None,
        }


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _widths(nodes: Sequence[LoadedNode]) -> dict[str, int]:
    return {
        node.unit.name: node.artifact.signature.width
        for node in nodes
        if node.artifact and node.artifact.signature and node.artifact.signature.width
    }


def _labels(node: LoadedNode, predictor: PredictorSpec) -> NodeLabels:
    image, _, version = str(predictor.container(node.unit.name).get("image", "")).rpartition(":")
    artifact = node.artifact
    return NodeLabels(
        image=image,
        image_version=version,
        artifact=artifact.name if artifact else None,
        artifact_version=artifact.version if artifact else None,
        digest=artifact.digest if artifact else None,
        branches=tuple(child.name for child in node.unit.children) if node.unit.is_router else (),
    )


def _documents(nodes: Sequence[LoadedNode], predictor: PredictorSpec) -> dict[str, dict[str, Any]]:
    """Seldon's metadata documents of all nodes with a component, from their artifacts' signatures."""
    return {node.unit.name: _document(node, predictor) for node in nodes if node.component}


def _document(node: LoadedNode, predictor: PredictorSpec) -> dict[str, Any]:
    image, _, version = str(predictor.container(node.unit.name).get("image", "")).rpartition(":")
    artifact, names = node.artifact, node.component.class_names if node.component else None
    document: dict[str, Any] = {"name": image, "versions": [version]}
    if artifact:
        document = {"name": artifact.name, "versions": [artifact.version], "platform": "mlflow"}
    if artifact and artifact.signature and artifact.signature.width:
        columns = artifact.signature.inputs or ()
        schema: dict[str, Any] = {"shape": [artifact.signature.width]}
        if all(column.name for column in columns):
            schema["names"] = [column.name for column in columns]
        document["inputs"] = [{"messagetype": "tensor", "schema": schema}]
    if names:
        document["outputs"] = [{"messagetype": "tensor", "schema": {"names": list(names), "shape": [len(names)]}}]
    return document


def _node_status(node: LoadedNode) -> dict[str, Any]:
    artifact = node.artifact
    return {
        "name": node.unit.name,
        "type": str(node.unit.built_in or node.unit.effective_type),
        "component": node.reference,
        "artifact": artifact.name if artifact else None,
        "version": artifact.version if artifact else None,
        "digest": artifact.digest if artifact else None,
        "children": [child.name for child in node.unit.children],
    }


def _monitor_command(project: Project, nodes: Sequence[LoadedNode], folder: Path) -> list[str]:
    detectors = {
        node.unit.name: {"reference": node.reference, "arguments": dict(node.arguments)}
        for node in nodes
        if node.is_detector
    }
    config = folder / "detectors.json"
    config.write_text(json.dumps(detectors), encoding="utf-8")
    arguments = ["--project", str(project.root), "--detectors", str(config)]
    sockets = ["--socket", str(folder / "monitor.sock"), "--checkpoint", str(project.state / "monitor.json")]
    return [sys.executable, "-m", "servegraph.cli", "monitor", *arguments, *sockets]


@contextmanager
def _announced(project: Project, deployment: SeldonDeployment, addresses: Addresses) -> Iterator[None]:
    """Tell `status` and `traffic` where we are, while we are."""
    path = project.state / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"deployment": deployment.name, "pid": os.getpid(), **asdict(addresses)}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _print_endpoints(
    out: Console, deployment: SeldonDeployment, addresses: Addresses, nodes: Sequence[LoadedNode], seconds: float
) -> None:
    url = f"http://{addresses.host}:{addresses.http_port}"
    out.print(f"[bold]{deployment.name}[/] is ready after {seconds:.1f} s: {len(nodes)} nodes")
    out.print(f"  REST     {url}/api/v1.0/predictions")
    out.print(f"  gRPC     {addresses.host}:{addresses.grpc_port}  seldon.protos.Seldon")
    out.print(f"  metrics  {url}/prometheus")
    out.print("try it:")
    out.print(f"  {_curl(url, nodes)}", soft_wrap=True, markup=False)


def _curl(url: str, nodes: Sequence[LoadedNode]) -> str:
    example = next((node.artifact.input_example() for node in nodes if node.artifact), None)
    body = json.dumps({"data": {"ndarray": example[:1] if example else [[1.0, 2.0]]}}, separators=(",", ":"))
    return f"curl -s {url}/api/v1.0/predictions -H 'Content-Type: application/json' -d '{body}'"
