"""`servegraph render`: the Kubernetes manifest of a graph."""

from pathlib import Path

import click

from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_project, open_registry
from servegraph.deploy.render import pin, text


@click.command()
@GRAPH_ARGUMENT
@PROJECT_OPTION
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; `-` prints.")
def render(graph: Path | None, folder: Path, output: Path | None) -> None:
    """Write the Kubernetes manifest of a graph, its aliases resolved to versions.

    \b
    The same graph, registry and command give the same bytes:
      servegraph render                           writes manifests/<name>.yaml
      servegraph render graphs/ensemble.py -o -   prints it
      servegraph render && kubectl diff -f manifests/screening.yaml
    """
    project = open_project(folder)
    deployment = open_graph(project, graph)
    registry = open_registry(project)
    manifest = text(pin(deployment, lambda uri: registry.resolve(uri).pinned_uri))
    if output == Path("-"):
        click.echo(manifest, nl=False)
        return
    path = output or project.root / "manifests" / f"{deployment.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest, encoding="utf-8")
    click.echo(f"wrote {path}")
