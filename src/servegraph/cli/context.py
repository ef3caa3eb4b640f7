"""What commands share: the project, its graph, and its registry."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import click

from servegraph.artifacts import Registry
from servegraph.check import Level, check_text
from servegraph.errors import ConfigurationError, InvalidGraph, Problem
from servegraph.project import Project, find_project, load_graph
from servegraph.settings import Settings, read
from servegraph.spec import SeldonDeployment
from servegraph.spec.source import read_text

PROJECT_OPTION = click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The project's folder; by default the one you are in.",
)
GRAPH_ARGUMENT = click.argument("graph", required=False, type=click.Path(path_type=Path))


@cache
def settings() -> Settings:
    """The environment as it was at the start: MLflow writes into it while it trains."""
    return read(os.environ)


def open_project(folder: Path) -> Project:
    return find_project(folder)


def open_graph(project: Project, graph: Path | None) -> SeldonDeployment:
    """The deployment of a graph file or manifest; the project's own when none is named.

    Raises:
        ConfigurationError: none is named anywhere, or it cannot be read.
    """
    if graph is None and project.graph is None:
        raise ConfigurationError("which graph?", hint="name one, or set `graph` in [tool.servegraph]")
    path = graph if graph is not None else project.root / str(project.graph)
    try:
        return load_graph(project, path)
    except InvalidGraph as error:
        if path.suffix == ".py":
            raise
        raise InvalidGraph(str(path), _with_lines(path)) from error


def _with_lines(path: Path) -> list[Problem]:
    """What keeps a manifest from being read, where it stands."""
    found = [each for each in check_text(read_text(path), str(path)) if each.level is Level.ERROR]
    return [Problem(f"line {each.span.line}, {each.code}", each.message, each.help) for each in found]


def open_registry(project: Project) -> Registry:
    """The MLflow registry: `MLFLOW_TRACKING_URI`, or the SQLite file in the project's state folder."""
    uri = settings().tracking_uri
    return Registry(uri, project.state) if uri else Registry.embedded(project.state)


def training_module(project: Project) -> Any:
    """The project's training module.

    Raises:
        ConfigurationError: the project names none.
    """
    from servegraph.project import load_module

    if project.training is None:
        raise ConfigurationError("this project has no training", hint="set `training` in [tool.servegraph]")
    return load_module(project, project.training, project.training)
