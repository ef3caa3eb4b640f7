"""Which file of an artifact's folder is the model, where no MLmodel says it.

Source:
    The well-known names of Seldon's servers (`model.joblib`, `model.bst`) and of MLServer, whose
    `model-settings.json` may name another file.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from servegraph.artifacts.mlmodel import inside
from servegraph.errors import ArtifactNotFound, ArtifactRefused

SETTINGS = "model-settings.json"


def model_file(folder: Path, names: Sequence[str]) -> Path:
    """The file that the settings name, else the first of the well-known `names` that is there.

    Raises:
        ArtifactNotFound: there is no such folder or file.
        ArtifactRefused: the settings are no JSON, or name a file outside of the folder.
    """
    if named := _named(folder):
        return inside(folder, named)
    for name in names:
        if (folder / name).is_file():
            return inside(folder, name)
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    there = f"it holds {', '.join(held[:6])}{', ...' if len(held) > 6 else ''}" if held else "there is nothing"
    raise ArtifactNotFound(f"{folder} has no file {' or '.join(names)}: {there}", hint=f"or name it in {SETTINGS}")


def _named(folder: Path) -> str | None:
    file = folder / SETTINGS
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise ArtifactRefused(f"{file} is no JSON: {error}", hint="correct or delete it") from error
    parameters = document.get("parameters") if isinstance(document, dict) else None
    uri = parameters.get("uri") if isinstance(parameters, dict) else None
    return str(uri) if uri and str(uri) not in (".", "./") else None
