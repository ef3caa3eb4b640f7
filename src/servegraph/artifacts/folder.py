"""An artifact as files: a local folder, and the digest of all it holds.

If there is an MLmodel file among them, it says what they mean; nothing here imports MLflow or runs what it finds.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servegraph.artifacts.mlmodel import inside, read_mlmodel
from servegraph.artifacts.signature import Signature, read_signature
from servegraph.errors import ArtifactNotFound

# MLflow writes this note beside a model whenever somebody else downloads it; nobody loads it.
_DOWNLOAD_NOTE = "registered_model_meta"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one artifact, on this machine.

    Attributes:
        uri: as it was asked for.
        version: the registry's number; the id of the run; `local` for a folder of this machine; else what
            stands for the content in its store.
        alias: the alias it was found by, if any.
        path: local folder with the files.
        digest: SHA-256 (hex) over every file's relative name and content.
        signature: None if no MLmodel has one.
    """

    uri: str
    name: str
    version: str
    alias: str | None
    path: Path
    digest: str
    signature: Signature | None

    @property
    def pinned_uri(self) -> str:
        """The URI that moves least: `models:/name/version`, the folder, or as it was asked for."""
        if self.version == "local":
            return str(self.path)
        return f"models:/{self.name}/{self.version}" if self.uri.startswith("models:") else self.uri

    @property
    def is_mlflow(self) -> bool:
        """Whether the files are in MLflow's format."""
        return (self.path / "MLmodel").is_file()

    def input_example(self) -> list[Any] | None:
        """The rows that the artifact was registered with, read from its file; None if there are none."""
        return input_example(self.path)


def describe(folder: Path, *, uri: str, name: str, version: str, alias: str | None = None) -> Artifact:
    """Read and hash an artifact's folder.

    Raises:
        ArtifactNotFound: there is no file in the folder.
        ArtifactRefused: its MLmodel cannot be read.
    """
    if not any(path.is_file() for path in folder.rglob("*")):
        raise ArtifactNotFound(f"{folder} holds no files", hint="is it the right folder?")
    signature = read_signature(folder) if (folder / "MLmodel").is_file() else None
    return Artifact(uri, name, version, alias, folder, digest(folder), signature)


def input_example(folder: Path) -> list[Any] | None:
    """The rows that a folder's MLmodel names as an example; None if there are none.

    Raises:
        ArtifactRefused: the MLmodel cannot be read, or names a file outside.
        ValueError: the example is no JSON.
    """
    entry = read_mlmodel(folder).get("saved_input_example_info") if (folder / "MLmodel").is_file() else None
    if not isinstance(entry, dict):
        return None
    document = json.loads(inside(folder, entry.get("artifact_path")).read_bytes())
    rows = document.get("data", document.get("inputs")) if isinstance(document, dict) else document
    return rows if isinstance(rows, list) else None


def digest(folder: Path) -> str:
    """SHA-256 (hex) over the relative names and contents of all files, in the order of the names."""
    total = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name in sorted(files.keys() - {_DOWNLOAD_NOTE}):
        with files[name].open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()
