"""What `servegraph check` looks at: files, folders, standard input and graphs, as texts with names."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from servegraph.errors import ConfigurationError, InvalidGraph, MalformedFile
from servegraph.project import Project, find_project
from servegraph.spec import SeldonDeployment
from servegraph.spec.source import STANDARD_INPUT, read_text

_ENDINGS = (".yaml", ".yml", ".json")
_KIND = b"SeldonDeployment"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """One text to check.

    Attributes:
        name: in findings.
        path: the file; None for standard input.
        deployment: of a graph file; its text is Python.
        refused: why the graph file makes no deployment.
        unreadable: why there is no text.
    """

    name: str
    text: str
    path: Path | None = None
    deployment: SeldonDeployment | None = None
    refused: InvalidGraph | None = None
    unreadable: MalformedFile | None = None

    @property
    def is_manifest(self) -> bool:
        """Whether it is a file in YAML or JSON."""
        is_graph = self.deployment is not None or self.refused is not None
        return self.path is not None and not is_graph and self.unreadable is None

    @property
    def project(self) -> Project | None:
        """The project that the file belongs to, if it does to any."""
        return None if self.path is None else _project_around(self.path.resolve().parent)

    def rewrite(self, text: str) -> None:
        """Put another text into the file; it keeps its byte order mark if it has one."""
        assert self.path is not None
        mark = _BOM if self.path.read_bytes().startswith(_BOM) else b""
        self.path.write_bytes(mark + text.encode())


@cache
def _project_around(folder: Path) -> Project | None:
    try:
        return find_project(folder)
    except ConfigurationError:
        return None


def project_paths(folder: Path) -> list[Path]:
    """The graph and the manifests of the project around a folder, as they are reached from there.

    Raises:
        ConfigurationError: there is no project, or neither of them.
    """
    project = find_project(folder)
    places = [project.root / project.graph] if project.graph else []
    places += [project.root / "manifests"] if (project.root / "manifests").is_dir() else []
    if not places:
        raise ConfigurationError("check what?", hint="name files, folders or graphs")
    here = folder.resolve()
    return [place.relative_to(here) if place.is_relative_to(here) else place for place in places]


def files_of(path: Path) -> Iterator[Path]:
    """The files that a path means, sorted.

    Of a folder those that hold a SeldonDeployment. Hidden folders are left out.

    Raises:
        ConfigurationError: there is no such file.
    """
    if path.is_dir():
        yield from _within(path)
    elif path == STANDARD_INPUT or path.exists():
        yield path
    else:
        raise ConfigurationError(f"there is no file {path}", hint="check the path")


def _within(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for path in (Path(place, name) for name in sorted(files) if name.endswith(_ENDINGS)):
            if path.is_file() and _may_hold_one(path):
                yield path


def _may_hold_one(path: Path) -> bool:
    try:
        return _KIND in path.read_bytes()
    except OSError:
        return True  # who reads it says what is wrong with it


def read_source(path: Path) -> Source:
    """The source of one file; a `.py` file is a graph of the project around it.

    Raises:
        ConfigurationError: it cannot be read, or is no graph.
    """
    if path == STANDARD_INPUT:
        return Source("<stdin>", read_text(path))
    name = str(path)
    try:
        text = read_text(path)
    except MalformedFile as error:
        return Source(name, "", path, unreadable=error)
    if path.suffix != ".py":
        return Source(name, text, path)
    try:
        return Source(name, text, path, _graph(path))
    except InvalidGraph as error:
        return Source(name, text, path, refused=error)


def _graph(path: Path) -> SeldonDeployment:
    from servegraph.project import load_graph

    return load_graph(find_project(path.parent), path)


def without_repeats(paths: Iterable[Path]) -> list[Path]:
    """Each file once, where it is named first."""
    first: dict[Path, Path] = {}
    for path in paths:
        first.setdefault(path if path == STANDARD_INPUT else path.resolve(), path)
    return list(first.values())
