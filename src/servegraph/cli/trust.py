"""`servegraph trust`: approve artifacts that run code when they are loaded."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from servegraph.artifacts import Artifact
from servegraph.artifacts.contents import Content, contents
from servegraph.artifacts.trust import approve, approved, read_trust, revoke
from servegraph.cli import logs
from servegraph.cli.console import console
from servegraph.cli.context import PROJECT_OPTION, open_registry
from servegraph.cli.failure import FINDING
from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.project import Project, find_project
from servegraph.spec import load_all

_SHOWN = 12


@click.command()
@PROJECT_OPTION
@click.argument("uris", metavar="URI...", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Show what is approved.")
@click.option("--revoke", "revoking", is_flag=True, help="Take the approval back, by URI, name or digest.")
def trust(folder: Path, uris: Sequence[str], listing: bool, revoking: bool) -> None:
    """Approve artifacts that run code when they are loaded: pickles, and models that are Python files.

    \b
    What is approved is the content as it is now, in the project's trusted.toml:
      servegraph trust models:/churn/3       look at it, and approve it
      servegraph trust manifest.yaml         which of its artifacts need it; approves nothing
      servegraph trust --list
      servegraph trust --revoke models:/churn/3
    """
    logs.configure()
    project, out = find_project(folder, required=False), console()
    if listing:
        for digest, name in approved(project.trust_file).items():
            out.print(f"{digest[:12]}  {escape(name)}")
    elif not uris:
        raise ConfigurationError("which artifact?", hint="name its URI, a manifest, or --list")
    elif revoking:
        for uri in uris:
            _revoke(project, uri, out)
    else:
        findings = [
            _manifest(project, Path(uri), out) if _is_manifest(uri) else _approve(project, uri, out) for uri in uris
        ]
        if any(findings):
            raise SystemExit(FINDING)


def _is_manifest(uri: str) -> bool:
    return Path(uri).suffix in (".yaml", ".yml", ".json") and Path(uri).is_file()


def _approve(project: Project, uri: str, out: Console) -> bool:
    artifact = open_registry(project).resolve(uri)
    _show(artifact, contents(artifact.path), out)
    approve(project.trust_file, artifact.digest, uri if artifact.version == "local" else artifact.pinned_uri)
    out.print(f"approved in {project.trust_file}")
    return False


def _show(artifact: Artifact, files: Sequence[Content], out: Console) -> None:
    out.print(f"[bold]{escape(artifact.uri)}[/]  [dim]sha[/] {artifact.digest[:12]}")
    for file in files:
        mark = "[yellow]runs code[/]" if file.runs_code else "         "
        out.print(f"  {mark}  {file.format:<8} {escape(file.name)}  [dim]{file.size} bytes[/]")
        for line in _imports(file):
            out.print(f"               [dim]{escape(line)}[/]")


def _imports(file: Content) -> Iterator[str]:
    yield from file.imports[:_SHOWN]
    if len(file.imports) > _SHOWN:
        yield f"... and {len(file.imports) - _SHOWN} more"
    if not file.is_complete:
        yield "... and what follows, which cannot be read without loading it"


def _manifest(project: Project, file: Path, out: Console) -> bool:
    """Show which artifacts of a manifest need approval; whether any does."""
    trusted = read_trust(project.trust_file)
    registry, needed = open_registry(project), False
    for uri in _model_uris(file):
        try:
            artifact = registry.resolve(uri)
        except (ConfigurationError, EnvironmentFault) as error:
            out.print(f"[yellow]?[/] {escape(uri)}  {escape(str(error))}")
            continue
        runs = [content.name for content in contents(artifact.path) if content.runs_code]
        if not runs or artifact.digest in trusted.digests:
            out.print(f"[green]●[/] {escape(uri)}  {'approved' if runs else 'runs no code'}")
            continue
        needed = True
        out.print(
            f"[red]●[/] {escape(uri)}  {escape(', '.join(runs[:3]))} not approved: servegraph trust {shlex.quote(uri)}"
        )
    return needed


def _model_uris(file: Path) -> Sequence[str]:
    predictors = (predictor for deployment in load_all(file) for predictor in deployment.spec.predictors)
    units = (unit for predictor in predictors for unit in predictor.graph.walk())
    return list(dict.fromkeys(unit.model_uri for unit in units if unit.model_uri))


def _revoke(project: Project, said: str, out: Console) -> None:
    gone = revoke(project.trust_file, said)
    if not gone:
        raise ConfigurationError(f"{said!r} was not approved", hint="servegraph trust --list")
    out.print(f"revoked {', '.join(digest[:12] for digest in gone)}")
