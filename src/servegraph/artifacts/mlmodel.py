"""The MLmodel file of an artifact's folder, as plain data."""

from pathlib import Path
from typing import Any

import yaml

from servegraph.errors import ArtifactNotFound, ArtifactRefused

_MAX_DEPTH = 100


def read_mlmodel(folder: Path) -> dict[str, Any]:
    """The whole document.

    Raises:
        ArtifactNotFound: there is no such folder, or no MLmodel in it.
        ArtifactRefused: the file is no YAML mapping.
    """
    path = folder / "MLmodel"
    if not path.is_file():
        raise ArtifactNotFound(
            f"{folder} holds no MLmodel file",
            hint="if the files were moved or deleted, register the artifact again: `servegraph train`",
        )
    try:
        document = _parsed(path.read_bytes())
    except (yaml.YAMLError, ValueError) as error:
        raise ArtifactRefused(f"{path} is no YAML", hint="register a new version") from error
    if not isinstance(document, dict):
        raise ArtifactRefused(f"{path} is no MLmodel document", hint="register a new version")
    return document


def _parsed(content: bytes) -> Any:
    """As `yaml.safe_load`, fifty times faster: signatures may have thousands of columns."""
    depth = 0
    for event in yaml.parse(content, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:  # in the loader, recursive C code, endless nesting would end the process
            raise ValueError(f"more than {_MAX_DEPTH} levels")
    return yaml.load(content, yaml.CSafeLoader)


def flavour(folder: Path, name: str) -> dict[str, Any] | None:
    """How one library stored the artifact; None if that library did not."""
    flavours = read_mlmodel(folder).get("flavors")
    entry = flavours.get(name) if isinstance(flavours, dict) else None
    return entry if isinstance(entry, dict) else None


def inside(folder: Path, relative: object) -> Path:
    """The file or folder that the MLmodel names, which must lie in the artifact.

    Raises:
        ArtifactRefused: it is missing, or lies elsewhere.
    """
    path = (folder / str(relative)).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.exists():
        raise ArtifactRefused(
            f"the MLmodel in {folder} names {str(relative)!r}, which is not in the artifact",
            hint="register a new version",
        )
    return path
