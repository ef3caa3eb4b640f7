"""`servegraph up`: from nothing to an answer."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import SIGHUP, SIGTERM
from typing import Any

import click

from servegraph.artifacts import Registry
from servegraph.cli.context import GRAPH_ARGUMENT, open_project, open_registry
from servegraph.cli.run import find_wanted, ports_of, run_options, serve, serving_options
from servegraph.errors import ArtifactNotFound
from servegraph.project import Project
from servegraph.serving.server import Addresses
from servegraph.spec import SeldonDeployment


@click.command()
@GRAPH_ARGUMENT
@serving_options
def up(
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
    """Train if nothing is registered, then serve: one command from nothing to an answer.

    \b
    Trains only if the registry has none of the graph's artifacts, then does what `run` does:
      servegraph up
      servegraph up --http-port 8080 --grpc-port 8081
    """
    project = open_project(folder)
    wanted = find_wanted(project, graph, predictor, stubs, remotes)
    picked = run_options(**options)
    ports = ports_of(Addresses(host, http_port, grpc_port), picked)
    if project.training is not None and _has_no_artifact(project, wanted.deployment):
        _train(project)
    serve(project, wanted, ports, picked)


def _train(project: Project) -> None:
    # A process of its own: the one that serves should not carry MLflow.
    child = subprocess.Popen([sys.executable, "-m", "servegraph.cli", "train", "--project", str(project.root)])
    before = {number: signal.signal(number, lambda *_: child.terminate()) for number in (SIGTERM, SIGHUP)}
    code = child.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
    if code != 0:
        sys.exit(128 - code if code < 0 else code)


def _has_no_artifact(project: Project, deployment: SeldonDeployment) -> bool:
    """Whether nothing is registered yet. A single one that is missing is a mistake to report, not to train over."""
    registry = open_registry(project)
    units = [unit for predictor in deployment.spec.predictors for unit in predictor.graph.walk()]
    uris = [unit.model_uri for unit in units if unit.model_uri and unit.model_uri.startswith("models:/")]
    return bool(uris) and not any(_exists(registry, uri) for uri in uris)


def _exists(registry: Registry, uri: str) -> bool:
    try:
        registry.resolve(uri)
    except ArtifactNotFound:
        return False
    return True
