"""`servegraph run`: serve a graph on this machine."""

import logging
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import click
import uvloop
from rich.console import Console

from servegraph.check import check_servable
from servegraph.cli import logs
from servegraph.cli.assemble import load_nodes
from servegraph.cli.chosen import chosen, notes, predictor_line
from servegraph.cli.console import console, node_line, progress
from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_registry, settings
from servegraph.cli.crew import Alone
from servegraph.cli.predictor import LoadedPredictor, RunOptions
from servegraph.cli.private_folder import private_folder
from servegraph.cli.puller import Puller
from servegraph.cli.roles import roles_of
from servegraph.cli.server_images import with_server_images
from servegraph.cli.session import make_session
from servegraph.cli.split import Server
from servegraph.cli.substitutes import Substitutes
from servegraph.cli.topology import FUSED, Topology
from servegraph.cli.workers import Workers, compute_in_one_thread, load_in_each_worker
from servegraph.component.batching import THREAD_NAME
from servegraph.errors import ConfigurationError
from servegraph.project import Project, find_project
from servegraph.serving.server import Addresses, KeptPorts, Ports, keep_ports, take_ports
from servegraph.spec import PredictorSpec, SeldonDeployment

MOST_WORKERS = 256

HELP = """Serve a graph or a SeldonDeployment manifest on this machine.

\b
GRAPH is a graph file or a manifest; by default the project's own:
  servegraph run
  servegraph run graphs/ensemble.py --http-port 8080 --grpc-port 8081
  servegraph run manifests/screening.yaml
  servegraph run --workers 4                     four processes on the same ports
  servegraph run --split                         every node in a process of its own
  servegraph run other.yaml --stub tokenizer     a stand-in for what needs its container
  servegraph run other.yaml --remote bert=http://10.0.0.7:9000

\b
It answers Seldon's API, at these paths and below /seldon/<namespace>/<name>/:
  POST /api/v1.0/predictions   {"data": {"ndarray": [[...]]}}
  POST /api/v1.0/feedback      {"response": {"meta": {"puid": "..."}}, "reward": 1}
  GET  /ready /live /prometheus /api/v1.0/metadata
  gRPC seldon.protos.Seldon, with reflection
and Open Inference at /v2/models/<name>/infer and inference.GRPCInferenceService;
GET /api/v1.0/doc/ is a page to try it from.

Of several predictors one answers each request, drawn by its traffic; a shadow gets copies.
Ctrl-C and SIGTERM answer what was accepted, then end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a deployment is run, and from where.

    Attributes:
        predictor: the only one to run; None for all.
        file: the graph or the manifest; relative `modelUri`s begin in its folder.
    """

    deployment: SeldonDeployment
    file: Path
    predictor: str | None
    substitutes: Substitutes


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
        click.option("--predictor", metavar="NAME", help="Serve this predictor alone."),
        click.option("--stub", "stubs", metavar="NODE", multiple=True, help="Put a stand-in in a node's place."),
        click.option("--remote", "remotes", metavar="NODE=URL", multiple=True, help="Call a node where it runs."),
        click.option("--max-body-mib", default=256, show_default=True, help="Largest body of a request."),
        click.option("--max-requests", default=1024, show_default=True, help="Requests at once; more get 503."),
        click.option(
            "--workers",
            default=1,
            show_default=True,
            type=click.IntRange(1, MOST_WORKERS),
            help="Processes that share the ports; each takes so many requests at once.",
        ),
        click.option(
            "--preload/--no-preload",
            "preloads",
            default=True,
            help="Load once for all workers (default), or in each of them.",
        ),
        PROJECT_OPTION,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(help=HELP)
@GRAPH_ARGUMENT
@serving_options
def run(
    graph: Path | None,
    host: str,
    http_port: int,
    grpc_port: int,
    folder: Path,
    predictor: str | None,
    stubs: Sequence[str],
    remotes: Sequence[str],
    **options: Any,
) -> None:
    project = find_project(folder, required=graph is None)
    wanted = find_wanted(project, graph, predictor, stubs, remotes)
    picked = run_options(**options)
    serve(project, wanted, ports_of(Addresses(host, http_port, grpc_port), picked), picked)


def find_wanted(
    project: Project, graph: Path | None, predictor: str | None, stubs: Sequence[str], remotes: Sequence[str]
) -> Wanted:
    """The graph that was named, or the project's own, with what is wanted of it."""
    deployment = open_graph(project, graph)
    place = graph if graph is not None else project.root / str(project.graph)
    substitutes = Substitutes.of(stubs, remotes)
    check_servable(substitutes.without_their_nodes(deployment))
    return Wanted(deployment, place.resolve(), predictor, substitutes)


def run_options(
    monitored: bool, split: bool, server: Server, max_body_mib: int, max_requests: int, workers: int, preloads: bool
) -> RunOptions:
    """The options as the session takes them.

    Raises:
        ConfigurationError: a server was chosen for a graph that runs in one process, or workers for a split one.
    """
    if split and workers > 1:
        raise ConfigurationError(
            "--workers and --split exclude each other", hint="a split graph has a process for each node already"
        )
    if server != "servegraph" and not split:
        raise ConfigurationError(f"--server {server} needs processes", hint="add --split")
    topology = Topology(server) if split else FUSED
    given, max_body = settings(), max_body_mib * 2**20
    memory, busy_rate = given.feedback_memory, given.drift_busy_rate
    return RunOptions(topology, monitored, memory, busy_rate, max_body, max_requests, workers, preloads)


def ports_of(addresses: Addresses, options: RunOptions) -> Ports | KeptPorts:
    """The ports of one process or of several; raises like `take_ports`."""
    return keep_ports(addresses) if options.workers > 1 else take_ports(addresses)


def serve(project: Project, wanted: Wanted, ports: Ports | KeptPorts, options: RunOptions) -> None:
    """Load a deployment and serve it until a signal comes.

    Raises:
        ConfigurationError: a node cannot run here, or a component does not fit.
        EnvironmentFault: an artifact is missing or refused.
    """
    logs.configure()
    out = console()
    started = monotonic()
    several = isinstance(ports, KeptPorts)
    if several:
        compute_in_one_thread()
    deployment = wanted.deployment
    specs = chosen(deployment, wanted.predictor)
    for note in notes(deployment, specs):
        out.print(f"[yellow]note[/] {note}")
    loads_here = options.topology.is_fused and (options.preloads or not several)
    loaded = _load(project, wanted, specs, out, loads_here)
    if several and options.preloads:
        load_in_each_worker(out)
    with private_folder() as folder:
        folders = [_folder(folder, number) for number in range(len(loaded))]
        if isinstance(ports, KeptPorts):
            load = partial(_load, project, wanted, specs, Console(quiet=True), True)
            Workers(project, deployment, loaded, load, folders, options).run(ports, out, started)
        else:
            crew = Alone(options.feedback_memory)
            session = make_session(project, deployment, loaded, folders, options, crew, monotonic())
            uvloop.run(session.run(ports, out, started))
    _end()


def _end() -> None:
    """End now where user code hangs in a thread, for which the interpreter would wait."""
    if any(thread.name.startswith(THREAD_NAME) for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _load(
    project: Project, wanted: Wanted, specs: Sequence[PredictorSpec], out: Console, in_process: bool
) -> list[LoadedPredictor]:
    """The loaded nodes of each predictor, told line by line."""
    wanted.substitutes.check(specs)
    protocol = wanted.deployment.spec.protocol or "seldon"
    places = [with_server_images(wanted.substitutes.applied(spec), protocol) for spec in specs]
    puller = Puller(open_registry(project), project, (wanted.file.parent, Path()))
    found: list[LoadedPredictor] = []
    with progress(out, "loading") as status:
        say = (lambda name: status.update(f"loading {name}")) if status else (lambda name: None)
        is_own = wanted.file.suffix == ".py"
        for spec, roles in roles_of(project, places, wanted.substitutes, is_own=is_own):
            if len(specs) > 1:
                out.print(predictor_line(spec, specs))
            nodes = []
            for node in load_nodes(spec, roles, puller, say, protocol=protocol, in_process=in_process):
                out.print(node_line(node))
                nodes.append(node)
            found.append((spec, nodes))
    return found


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder
