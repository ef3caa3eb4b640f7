"""`servegraph plan`: what will change, and what that will do."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from servegraph.artifacts import Registry, Signature
from servegraph.cli.context import GRAPH_ARGUMENT, PROJECT_OPTION, open_registry
from servegraph.cli.failure import reported
from servegraph.cli.registered import look_up, uris
from servegraph.cli.running import find_running, get_status
from servegraph.deploy.plan import Columns, Plan
from servegraph.deploy.plan import plan as planned
from servegraph.deploy.plan.text import LEGEND, document, text
from servegraph.errors import ConfigurationError, EnvironmentFault, ServeGraphError
from servegraph.project import Project, find_project, load_graph
from servegraph.spec import SeldonDeployment, parse

_COLOURS = {"+": "green", "~": "yellow", "-": "red", "-/+": "magenta"}
CHANGES = 2


@click.command()
@GRAPH_ARGUMENT
@PROJECT_OPTION
@click.option("--against", type=click.Path(path_type=Path), help="Graph or manifest that is there now.")
@click.option("--detailed-exitcode", "detailed", is_flag=True, help="0 no changes, 1 an error, 2 changes.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
def plan(graph: Path | None, folder: Path, against: Path | None, detailed: bool, as_json: bool) -> None:
    """Tell what a graph would change, which pods restart for it under Seldon's operator, and whether requests fail.

    \b
    GRAPH is a graph file or a manifest; by default the project's own. It is compared with what runs on this
    machine, or, if nothing does, with manifests/<name>.yaml:
      servegraph plan
      servegraph plan new.yaml --against old.yaml
      servegraph plan --detailed-exitcode --json
    """
    if not detailed:
        _show(*_plan(graph, folder, against), as_json)
        return
    try:
        with reported():
            made, old, new = _plan(graph, folder, against)
            _show(made, old, new, as_json)
    except SystemExit as error:
        raise SystemExit(1) from error
    raise SystemExit(0 if made.is_empty else CHANGES)


def _plan(graph: Path | None, folder: Path, against: Path | None) -> tuple[Plan, str, str]:
    """The plan, and where its two sides come from."""
    project = find_project(folder, required=graph is None)
    path = graph or _own_graph(project)
    new = load_graph(project, path)
    old, source = (load_graph(project, against), _place(against)) if against else _present(project, new.name)
    registry = open_registry(project)
    known = {uri: _Known(registry, uri) for uri in dict.fromkeys((*uris(old), *uris(new)))}
    _tell_unresolved({**known}, set(uris(old)) ^ set(uris(new)))
    columns = {each.uri: each.columns for each in known.values() if each.columns is not None}
    made = planned(_pinned(old, known), _pinned(new, known), columns)
    return made, source, _place(path)


def _place(path: Path) -> str:
    """A path for people: relative to where they are, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _own_graph(project: Project) -> Path:
    if project.graph is None:
        raise ConfigurationError("which graph?", hint="name one, or set `graph` in [tool.servegraph]")
    return project.root / project.graph


def _present(project: Project, name: str) -> tuple[SeldonDeployment, str]:
    """What is there now: what runs on this machine under that name, else the manifest that was rendered.

    Raises:
        ConfigurationError: neither is there.
    """
    url, _ = find_running(project)
    with suppress(EnvironmentFault):
        running = _running(url)
        if running.name == name:
            return running, f"what runs at {url}"
    path = project.root / "manifests" / f"{name}.yaml"
    if not path.is_file():
        hint = "name a file with --against, start it with `servegraph run`, or write it with `servegraph render`"
        raise ConfigurationError(f"no {name} runs here, and there is no {path}", hint=hint)
    return load_graph(project, path), _place(path)


def _running(url: str) -> SeldonDeployment:
    """What runs at a URL, with the versions that are loaded.

    Raises:
        EnvironmentFault: nothing answers there, or something else.
    """
    import httpx

    status = get_status(url)
    try:
        response = httpx.get(f"{url}/deployment", timeout=5.0)
        response.raise_for_status()
        running = parse(response.json(), url)
    except (httpx.HTTPError, ValueError, ConfigurationError) as error:
        raise EnvironmentFault(f"what runs at {url} does not tell its manifest") from error
    loaded = {(node["predictor"], node["name"]): node for node in status["nodes"] if node["artifact"]}
    for predictor in running.spec.predictors:
        for unit in predictor.graph.walk():
            node = loaded.get((predictor.name, unit.name))
            if node is not None and (unit.model_uri or "").startswith("models:/"):
                unit.model_uri = f"models:/{node['artifact']}/{node['version']}"
    return running


class _Known:
    """An artifact as the registry knows it: the URI that never moves, and its columns."""

    def __init__(self, registry: Registry, uri: str) -> None:
        self.uri, self.columns, self.problem = uri, None, ""
        found = look_up(registry, uri)
        if found is not None:
            self.uri, self.columns = found.pinned_uri, _columns(found.signature)
        elif uri.startswith("models:/") and "@" in uri:
            self._ask(registry, uri)

    def _ask(self, registry: Registry, uri: str) -> None:
        """Ask a registry that is no file on this machine."""
        try:
            artifact = registry.resolve(uri)
        except ServeGraphError as error:
            self.problem = str(error)
        else:
            self.uri, self.columns = artifact.pinned_uri, _columns(artifact.signature)


def _columns(signature: Signature | None) -> Columns | None:
    if signature is None or not signature.input_columns:
        return None
    sides = (signature.input_columns, signature.output_columns)
    named = [{column.name or f"#{index}": column.dtype for index, column in enumerate(side)} for side in sides]
    return Columns(*named)


def _tell_unresolved(known: Mapping[str, _Known], on_one_side: set[str]) -> None:
    for uri in sorted(on_one_side):
        if known[uri].problem:
            click.echo(f"note: {uri} is compared as it is written: {known[uri].problem}", err=True)


def _pinned(deployment: SeldonDeployment, known: Mapping[str, _Known]) -> SeldonDeployment:
    pinned = deployment.model_copy(deep=True)
    for predictor in pinned.spec.predictors:
        holders: list[Any] = list(predictor.graph.walk())
        for holder in (*holders, *([predictor.explainer] if predictor.explainer else [])):
            if holder.model_uri:
                holder.model_uri = known[holder.model_uri].uri
    return pinned


def _show(made: Plan, old: str, new: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document(made, old, new), indent=2, ensure_ascii=False))
        return
    written = text(made, old, new)
    out = Console(highlight=False)
    if not out.is_terminal:
        click.echo(written, nl=False)
        return
    for line in written.splitlines():
        sign = line.split(maxsplit=1)[0] if line.strip() and line != LEGEND else ""
        out.print(Text(line, style=_COLOURS.get(sign, "")))
