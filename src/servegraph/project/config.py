"""Find the project and read `[tool.servegraph]` of its pyproject.toml: facts about the project."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servegraph.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root folder and its settings.

    Attributes:
        graph: the graph file that commands use when none is named, relative to the root.
        training: reference of the module with `train`, `held_out` and `SHIFTS`.
        state: folder of everything that can be made again (registry, downloads, locks).
    """

    root: Path
    graph: str | None = None
    training: str | None = None

    @property
    def state(self) -> Path:
        return self.root / ".servegraph"


def find_project(start: Path, *, required: bool = True) -> Project:
    """The project of a folder: the nearest parent whose pyproject.toml has `[tool.servegraph]`.

    Where none is `required`, any folder is one, without settings.

    Raises:
        ConfigurationError: there is none, or it has keys that nobody reads.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        table = _table(folder / "pyproject.toml")
        if table is not None:
            return _project(folder, table)
    if not required:
        return Project(start.resolve())
    raise ConfigurationError(
        f"no servegraph project at or above {start.resolve()}",
        hint="change into a folder whose pyproject.toml has a [tool.servegraph] table, or name it with --project",
    )


def _table(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}", hint="correct the file") from error
    table = document.get("tool", {}).get("servegraph")
    return table if isinstance(table, dict) else None


def _project(root: Path, table: dict[str, Any]) -> Project:
    unknown = sorted(set(table) - {"graph", "training"})
    if unknown:
        raise ConfigurationError(
            f"[tool.servegraph] of {root / 'pyproject.toml'} has unknown keys: {', '.join(unknown)}",
            hint="it knows: graph, training",
        )
    for key, value in table.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"[tool.servegraph] {key} is {value!r}", hint="write it as text")
    return Project(root, table.get("graph"), table.get("training"))
