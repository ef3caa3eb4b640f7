"""Find the project and read `[tool.servegraph]` of its pyproject.toml: facts about the project."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from servegraph.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root folder and its settings.

    Attributes:
        graph: the graph file that commands use when none is named, relative to the root.
        training: reference of the module with `train`, `held_out` and `SHIFTS`.
        trusted_types: types that a skops file may hold beyond those that skops accepts of itself.
        components: which class stands for the container of an image, with or without its tag.
        environments: by name, what `servegraph render --env` puts into the manifests.
    """

    root: Path
    graph: str | None = None
    training: str | None = None
    trusted_types: tuple[str, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict, hash=False)
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def state(self) -> Path:
        """Folder of everything that can be made again: registry, downloads, locks."""
        return self.root / ".servegraph"

    @property
    def trust_file(self) -> Path:
        """The artifacts that may run code when they are loaded; part of the project, like its code."""
        return self.root / "trusted.toml"


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


class _Table(BaseModel):
    """`[tool.servegraph]`."""

    model_config = ConfigDict(extra="forbid")

    graph: StrictStr | None = None
    training: StrictStr | None = None
    trusted_types: tuple[StrictStr, ...] = ()
    components: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    env: dict[StrictStr, dict[StrictStr, Any]] = Field(default_factory=dict)


def _project(root: Path, table: dict[str, Any]) -> Project:
    where = f"[tool.servegraph] of {root / 'pyproject.toml'}"
    unknown = sorted(set(table) - set(_Table.model_fields))
    if unknown:
        known = ", ".join(_Table.model_fields)
        raise ConfigurationError(f"{where} has unknown keys: {', '.join(unknown)}", hint=f"it knows: {known}")
    try:
        said = _Table.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{where}: {place}: {first['msg']}", hint="correct the value") from error
    return Project(root, said.graph, said.training, said.trusted_types, said.components, said.env)
