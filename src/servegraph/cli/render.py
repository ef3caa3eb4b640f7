"""`servegraph render`: the Kubernetes manifests of a graph."""

from collections.abc import Mapping
from pathlib import Path

import click

from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_graph, open_project, open_registry, settings
from servegraph.deploy.containerfile import LOCKS, containerfile, is_untouched, recipe_of
from servegraph.deploy.environment import Environment, Form, read_environment
from servegraph.deploy.overlay import KUSTOMIZATION, Monitoring, joined, one_file, overlay, write
from servegraph.deploy.render import pin, text
from servegraph.observe.alerts import alert_rules
from servegraph.observe.files import dashboard_text
from servegraph.project import Project
from servegraph.spec import SeldonDeployment

OURS_ALONE = "servegraph_"  # how the metrics begin that Seldon's executor does not have
PRINTED = Path("-")


@click.command()
@GRAPH_ARGUMENT
@PROJECT_OPTION
@click.option("--form", type=click.Choice(["split", "fused"]), help="A container for each node, or one for all.")
@click.option("--env", "name", help="The environment whose overlay is written: [tool.servegraph.env.NAME].")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File, or folder of the overlay; `-` prints.")
@click.option("--force", is_flag=True, help="Overwrite files of others, and a Containerfile that was changed.")
def render(
    graph: Path | None, folder: Path, form: Form | None, name: str | None, output: Path | None, force: bool
) -> None:
    """Write the Kubernetes manifests of a graph, its aliases resolved to versions.

    \b
    The same graph, registry and command give the same bytes:
      servegraph render                           writes manifests/<name>.yaml
      servegraph render graphs/ensemble.py -o -   prints it
      servegraph render --form fused              writes manifests/<name>-fused.yaml
      servegraph render --env prod                writes manifests/overlays/prod/ and manifests/Containerfile
      kubectl apply -k manifests/overlays/prod

    \b
    An overlay is all that a cluster with Seldon's operator needs: the SeldonDeployment, what Prometheus
    scrapes and warns of, and the dashboard. --form split gives each node a container, --form fused
    serves the graph in one, as `servegraph run` does.
    """
    project = open_project(folder)
    registry = open_registry(project)
    pinned = pin(open_graph(project, graph), lambda uri: registry.resolve(uri).pinned_uri)
    if name is not None:
        environment = read_environment(name, project.environments)
        chosen = form or environment.form
        files = overlay(pinned, environment, chosen, _monitoring(pinned, chosen))
        _overlay_out(project, environment, files, output or project.root / "manifests" / "overlays" / name, force)
        return
    fused = form == "fused"
    manifest = _fused(pinned) if fused else text(pinned)
    suffix = "-fused" if fused else ""
    path = output or project.root / "manifests" / f"{pinned.name}{suffix}.yaml"
    if path == PRINTED:
        click.echo(manifest, nl=False)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest, encoding="utf-8")
    click.echo(f"wrote {path}")


def _fused(deployment: SeldonDeployment) -> str:
    secret = f"{deployment.name}-registry"
    click.echo(f"note: pods read MLFLOW_TRACKING_URI from the Secret {secret}, which you create", err=True)
    return one_file(deployment, Environment(envSecretRefName=secret), "fused")


def _monitoring(deployment: SeldonDeployment, form: Form) -> Monitoring:
    """The alerts and the dashboard. A split graph has Seldon's executor in front, so rules about metrics that only
    our own server has would say for ever that they are absent."""
    groups = alert_rules(deployment.name)["groups"]
    if form == "split":
        groups = [
            {**group, "rules": [rule for rule in group["rules"] if OURS_ALONE not in rule["expr"]]} for group in groups
        ]
    return Monitoring(groups, dashboard_text(deployment.name))


def _overlay_out(
    project: Project, environment: Environment, files: Mapping[str, str], output: Path, force: bool
) -> None:
    if environment.tracking_uri and environment.tracking_uri != settings().tracking_uri:
        note = f"versions are those of the registry here; the pods ask {environment.tracking_uri} for them"
        click.echo(f"note: {note}", err=True)
    if output == PRINTED:
        click.echo(joined(files), nl=False)
        return
    done = write(output, files, force)
    for path in done.written:
        click.echo(f"wrote {path}")
    for path in done.removed:
        click.echo(f"removed {path}, which an earlier render wrote")
    for path in done.foreign:
        click.echo(f"left {path} as it is: it is not of render, and not in {KUSTOMIZATION}", err=True)
    _containerfile_out(project, force)


def _containerfile_out(project: Project, force: bool) -> None:
    path = project.root / "manifests" / "Containerfile"
    recipe = recipe_of(project.root)
    if recipe is None:
        hint = "uv pip compile --generate-hashes pyproject.toml -o requirements/image.txt"
        click.echo(f"no {path}: nothing pins what the image installs, in {' or '.join(LOCKS)} ({hint})", err=True)
    elif path.exists() and not force and not is_untouched(path.read_text(encoding="utf-8")):
        click.echo(f"left {path} as it is: it was changed; --force writes it anew", err=True)
    else:
        path.write_text(containerfile(recipe), encoding="utf-8")
        click.echo(f"wrote {path}")
