"""`servegraph run`: serve a graph on this machine."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import click
import uvloop
from rich.console import Console

from servegraph.cli import logs
from servegraph.cli.assemble import LoadedNode, load_nodes
from servegraph.cli.console import console, node_line, progress
from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_registry, settings
from servegraph.cli.session import RunOptions, Session
from servegraph.cli.split import Server
from servegraph.cli.topology import FUSED, Topology
from servegraph.errors import ConfigurationError
from servegraph.project import Project, find_project
from servegraph.serving.server import Addresses, Ports, take_ports
from servegraph.spec import PredictorSpec, SeldonDeployment

HELP = """Serve a graph or a SeldonDeployment manifest on this machine.

\b
GRAPH is a graph file or a manifest; by default the project's own:
  servegraph run
  servegraph run graphs/ensemble.py --http-port 8080 --grpc-port 8081
  servegraph run manifests/screening.yaml
  servegraph run --split                         every node in a process of its own

\b
It answers Seldon's API, at these paths and below /seldon/<namespace>/<name>/:
  POST /api/v1.0/predictions   {"data": {"ndarray": [[...]]}}
  POST /api/v1.0/feedback      {"response": {"meta": {"puid": "..."}}, "reward": 1}
  GET  /ready /live /prometheus /api/v1.0/metadata
  gRPC seldon.protos.Seldon, with reflection
and Open Inference at /v2/models/<name>/infer and inference.GRPCInferenceService;
GET /api/v1.0/doc/ is a page to try it from.

Ctrl-C and SIGTERM answer what was accepted, then end."""


def serving_options(command: Any) -> Any:
    """The options that `run` and `up` share."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option("--http-port", default=8000, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--grpc-port", default=5001, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--monitor/--no-monitor", "monitored", default=True, help="Watch for drift (default)."),
        click.option("--split", is_flag=True, help="Give each node a process of its own."),
        click.option(
            "--server",
            default="servegraph",
            show_default=True,
            type=click.Choice(["servegraph", "seldon-core"]),
            help="What serves the nodes of a split graph; seldon-core is the original.",
        ),
        click.option("--max-body-mib", default=256, show_default=True, help="Largest body of a request."),
        click.option("--max-requests", default=1024, show_default=True, help="Requests at once; more get 503."),
        PROJECT_OPTION,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(help=HELP)
@GRAPH_ARGUMENT
@serving_options
def run(graph: Path | None, host: str, http_port: int, grpc_port: int, folder: Path, **options: Any) -> None:
    project = find_project(folder, required=graph is None)
    deployment = open_graph(project, graph)
    chosen = run_options(**options)
    serve(project, deployment, take_ports(Addresses(host, http_port, grpc_port)), chosen)


def run_options(monitored: bool, split: bool, server: Server, max_body_mib: int, max_requests: int) -> RunOptions:
    """The options as the session takes them.

    Raises:
        ConfigurationError: a server was chosen for a graph that runs in one process.
    """
    if server != "servegraph" and not split:
        raise ConfigurationError(f"--server {server} needs processes", hint="add --split")
    topology = Topology(server) if split else FUSED
    return RunOptions(topology, monitored, settings().feedback_memory, max_body_mib * 2**20, max_requests)


def serve(project: Project, deployment: SeldonDeployment, ports: Ports, options: RunOptions) -> None:
    """Load a deployment and serve it until a signal comes.

    Raises:
        ConfigurationError: it has several predictors, or a component does not fit.
        EnvironmentFault: an artifact is missing or refused.
    """
    logs.configure()
    out = console()
    started = monotonic()
    predictor = _only_predictor(deployment)
    nodes = _load(project, predictor, out, options.topology.is_fused)
    with _private_folder() as folder:
        session = Session(project, deployment, nodes, folder, options)
        uvloop.run(session.run(ports, out, started))


def _only_predictor(deployment: SeldonDeployment) -> PredictorSpec:
    predictors = deployment.spec.predictors
    if len(predictors) != 1:
        names = ", ".join(predictor.name for predictor in predictors)
        raise ConfigurationError(
            f"{deployment.name!r} has {len(predictors)} predictors ({names}); one is served",
            hint="split them into a manifest each, and run those on ports of their own",
        )
    return predictors[0]


def _load(project: Project, predictor: PredictorSpec, out: Console, in_process: bool) -> list[LoadedNode]:
    nodes = []
    with progress(out, "loading") as status:
        say = (lambda name: status.update(f"loading {name}")) if status else (lambda name: None)
        for node in load_nodes(project, predictor, open_registry(project), say, in_process):
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
