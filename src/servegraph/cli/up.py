"""`servegraph up`: from nothing to an answer."""

import subprocess
import sys
from pathlib import Path

import click

from servegraph.cli.context import GRAPH_ARGUMENT, open_graph, open_project, open_registry
from servegraph.cli.run import serve, serving_options
from servegraph.errors import ArtifactNotFound
from servegraph.project import Project
from servegraph.serving.server import Addresses, take_ports
from servegraph.spec import SeldonDeployment


@click.command()
@GRAPH_ARGUMENT
@serving_options
def up(graph: Path | None, host: str, http_port: int, grpc_port: int, with_monitor: bool, folder: Path) -> None:
    """Train what is missing, then serve: one command from nothing to an answer.

    \b
    Trains only if the registry lacks one of the graph's artifacts, then does what `run` does:
      servegraph up
      servegraph up --http-port 8080 --grpc-port 8081
    """
    project = open_project(folder)
    deployment = open_graph(project, graph)
    ports = take_ports(Addresses(host, http_port, grpc_port))
    if project.training is not None and _lacks_artifacts(project, deployment):
        _train(project)
    serve(project, deployment, ports, with_monitor)


def _train(project: Project) -> None:
    # A process of its own: the one that serves should not carry MLflow.
    done = subprocess.run([sys.executable, "-m", "servegraph.cli", "train", "--project", str(project.root)])
    if done.returncode != 0:
        sys.exit(done.returncode)


def _lacks_artifacts(project: Project, deployment: SeldonDeployment) -> bool:
    registry = open_registry(project)
    uris = [unit.model_uri for predictor in deployment.spec.predictors for unit in predictor.graph.walk()]
    try:
        for uri in uris:
            if uri and uri.startswith("models:/"):
                registry.resolve(uri)
    except ArtifactNotFound:
        return True
    return False
