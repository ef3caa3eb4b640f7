"""`servegraph pull`: bring an artifact here. In a pod it takes the place of Seldon's storage initializer."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from servegraph.artifacts import Artifact, Progress, Registry, read_env_file
from servegraph.cli import logs
from servegraph.cli.context import PROJECT_OPTION, open_registry, settings
from servegraph.errors import ConfigurationError
from servegraph.project import Project, find_project

_NEEDS_REGISTRY = ("models:", "runs:")


@click.command()
@click.argument("uri")
@click.argument("target", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--secret",
    "secret",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file of KEY=value lines with a store's credentials, as a node's envSecretRefName has them.",
)
@PROJECT_OPTION
def pull(uri: str, target: Path | None, secret: Path | None, folder: Path) -> None:
    """Bring an artifact to this machine, and print the folder it is in.

    \b
    Into the project's cache, or, with DIR, as a copy of its files there (no project needed then):
      servegraph pull models:/churn@champion
      servegraph pull s3://models/iris --secret secrets/minio.env
      servegraph pull models:/churn/3 /mnt/models

    Credentials of stores are rclone's (RCLONE_CONFIG_<REMOTE>_<OPTION>) and those of the clouds, from the
    environment and the --secret file.
    """
    logs.configure()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or a half download stays
    variables = {**os.environ, **(read_env_file(secret) if secret else {})}
    project = find_project(folder, required=False)
    with _registry(project, target, uri) as registry, _shown() as progress:
        artifact = registry.resolve(uri, secrets=variables, progress=progress)
        if target is not None:
            passing = artifact.path.is_relative_to(registry.state_dir) and registry.state_dir != project.state
            _place(artifact, target, Path.replace if passing else _copied)
    click.echo(f"{artifact.name} {artifact.version}  sha {artifact.digest[:8]}", err=True)
    click.echo(target or artifact.path)


@contextmanager
def _registry(project: Project, target: Path | None, uri: str) -> Iterator[Registry]:
    """The project's registry; one that is gone afterwards if there is none and the files go elsewhere."""
    if target is None or project.state.is_dir():
        yield open_registry(project)
        return
    tracking_uri = settings().tracking_uri
    if tracking_uri is None and uri.startswith(_NEEDS_REGISTRY):
        raise ConfigurationError(f"which registry has {uri}?", hint="set MLFLOW_TRACKING_URI, or run it in a project")
    target.mkdir(parents=True, exist_ok=True)
    # On the target's own disk: files are moved, not copied, and a pod needs no other place to write.
    with TemporaryDirectory(prefix=".pull-", dir=target) as state:
        yield Registry(tracking_uri or "", Path(state))


def _place(artifact: Artifact, target: Path, place: Callable[[Path, Path], object]) -> None:
    """Put the artifact's files into a folder; each appears there whole."""
    for path in sorted(artifact.path.rglob("*")):
        if path.is_file():
            wanted = target / path.relative_to(artifact.path)
            wanted.parent.mkdir(parents=True, exist_ok=True)
            place(path, wanted)


def _copied(path: Path, wanted: Path) -> None:
    part = wanted.with_name(f".{wanted.name}.part")
    try:
        shutil.copyfile(path, part)
        part.replace(wanted)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _shown() -> Iterator[Progress]:
    """A bar on the terminal while something is downloaded; nothing in a pipe."""
    out = Console(stderr=True)
    columns = (TextColumn("downloading"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
