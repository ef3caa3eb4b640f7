"""What MLflow's own `pyfunc.load_model` gives for an artifact of plain files.

MLflow wants every artifact to be a function of rows. Files are not, so rows come back as they are;
the files themselves are found with `servegraph.artifacts.files`.
"""

from pathlib import Path
from typing import Any


class PlainFiles:
    """The files of an artifact; `path` is their folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def predict(self, rows: Any) -> Any:
        return rows


def _load_pyfunc(path: str) -> PlainFiles:
    return PlainFiles(Path(path))
