"""Code that an artifact brings along (`code_paths` of MLflow), once it is trusted."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servegraph.artifacts.mlmodel import inside
from servegraph.artifacts.trust import Trust


def admit_code(folder: Path, entry: Mapping[str, Any], trust: Trust) -> None:
    """Make the code that a flavour's entry names importable, if there is any.

    Raises:
        ArtifactRefused: there is, and the artifact is not trusted.
    """
    if not entry.get("code"):
        return
    trust.demand(folder, "loading it runs Python code that it brings along")
    keep_unchanged()
    place = str(inside(folder, entry["code"]))
    if place not in sys.path:
        sys.path.insert(0, place)


def keep_unchanged() -> None:
    """From now on this process writes no compiled modules: in an artifact's folder they would change its digest."""
    sys.dont_write_bytecode = True
