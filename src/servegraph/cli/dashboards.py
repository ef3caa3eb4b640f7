"""`servegraph dashboards`: Grafana and Prometheus files of a graph."""

from pathlib import Path

import click

from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_project
from servegraph.observe.files import write_monitoring


@click.command()
@GRAPH_ARGUMENT
@PROJECT_OPTION
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder; by default manifests/monitoring.")
def dashboards(graph: Path | None, folder: Path, output: Path | None) -> None:
    """Write the Grafana dashboard and the Prometheus rules of a graph.

    \b
    See them on this machine while the graph runs:
      servegraph dashboards
      prometheus --config.file=manifests/monitoring/prometheus.yml
    and import the dashboard's JSON into Grafana.
    """
    project = open_project(folder)
    deployment = open_graph(project, graph)
    target = output or project.root / "manifests" / "monitoring"
    for path in write_monitoring(target, deployment.name):
        click.echo(f"wrote {path}")
