"""`servegraph show`: a graph as a tree in the terminal, and as a picture."""

from pathlib import Path

import click

from servegraph.cli.console import console
from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_registry
from servegraph.cli.registered import look_up, uris
from servegraph.drawing import Outline, outline, svg, tree
from servegraph.errors import ConfigurationError
from servegraph.project import Project, find_project, load_graph
from servegraph.spec import SeldonDeployment, load_all


@click.command()
@GRAPH_ARGUMENT
@PROJECT_OPTION
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="Write a picture; `-` prints it.")
@click.option("--predictor", help="Show this predictor alone.")
def show(graph: Path | None, folder: Path, picture: Path | None, predictor: str | None) -> None:
    """Show a graph: nodes, types, artifacts with their versions, images, shares of the traffic.

    \b
    GRAPH is a graph file or a manifest; by default the project's own. It may be broken: `servegraph check` tells.
      servegraph show
      servegraph show manifests/screening.yaml --svg docs/graph.svg
      servegraph show any-seldondeployment.yaml --predictor canary
    """
    project = find_project(folder, required=graph is None)
    outlines = [_outline(project, found, predictor) for found in open_all(project, graph)]
    if picture is None:
        _print(outlines)
    else:
        _draw(outlines, picture)


def open_all(project: Project, graph: Path | None) -> list[SeldonDeployment]:
    """The deployments of a graph file or of a manifest; the project's own graph when none is named.

    Raises:
        ConfigurationError: none is named anywhere, or there is none in it.
    """
    if graph is None and project.graph is None:
        raise ConfigurationError("which graph?", hint="name one, or set `graph` in [tool.servegraph]")
    path = graph if graph is not None else project.root / str(project.graph)
    found = [load_graph(project, path)] if path.suffix == ".py" else load_all(path)
    if not found:
        raise ConfigurationError(f"{path} holds no SeldonDeployment", hint="its `kind` must be SeldonDeployment")
    return found


def _outline(project: Project, deployment: SeldonDeployment, predictor: str | None) -> Outline:
    registry = open_registry(project)
    known = {uri: look_up(registry, uri) for uri in uris(deployment)}
    whole = outline(deployment, {uri: found.shown for uri, found in known.items() if found})
    if predictor is None:
        return whole
    chosen = tuple(each for each in whole.predictors if each.name == predictor)
    if not chosen:
        names = ", ".join(each.name for each in whole.predictors) or "none"
        raise ConfigurationError(f"{deployment.name} has no predictor {predictor!r}", hint=f"it has: {names}")
    return Outline(whole.name, whole.facts, chosen)


def _print(outlines: list[Outline]) -> None:
    out = console()
    for each in outlines:
        out.print(tree(each))


def _draw(outlines: list[Outline], picture: Path) -> None:
    if len(outlines) != 1:
        names = ", ".join(each.name for each in outlines)
        raise ConfigurationError(f"a picture shows one deployment, and here are {names}", hint="split the file")
    text = svg(outlines[0])
    if picture == Path("-"):
        click.echo(text, nl=False)
        return
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(text, encoding="utf-8")
    click.echo(f"wrote {picture}")
