"""Artifacts of MLflow's runs, in a real store; MLflow writes and answers in its own process."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from servegraph.artifacts import Registry
from servegraph.errors import ArtifactNotFound

LOG = """
import json, sys
from pathlib import Path
from servegraph.artifacts import client, tables
from servegraph.artifacts.reference import RunPath

mlflow = client.import_mlflow()
state, files = map(Path, sys.argv[1:])
uri = f"sqlite:///{state}/mlflow.db"
mlflow.set_tracking_uri(uri)
asked = mlflow.MlflowClient()
run = asked.create_run(asked.get_experiment_by_name("servegraph").experiment_id)
asked.log_artifacts(run.info.run_id, files, "booster")
[trained] = asked.search_model_versions("name='screening-scaler'")

said = {}
for wanted in (
    RunPath(run.info.run_id, "booster"),
    RunPath(run.info.run_id, "booster/model.bst"),
    RunPath(trained.run_id, "screening-scaler"),
    RunPath(trained.run_id, "screening-scaler/model.skops"),
):
    said[f"runs:/{wanted.run_id}/{wanted.path}"] = mlflow.artifacts.download_artifacts(
        f"runs:/{wanted.run_id}/{wanted.path}", dst_path=state / "theirs" / wanted.path
    )
    assert client.find_run(uri, wanted) == tables.find_run(state / "mlflow.db", wanted)
try:
    client.find_run(uri, RunPath("0" * 32, "x"))
except Exception as error:
    said["unknown"] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(trained_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What MLflow downloaded for every URI, from a copy of the store with one run more."""
    state = tmp_path_factory.mktemp("runs") / "state"
    shutil.copytree(trained_store, state)
    move = (str(trained_store), str(state))
    with closing(sqlite3.connect(state / "mlflow.db")) as database, database:
        database.execute("update runs set artifact_uri = replace(artifact_uri, ?, ?)", move)
        database.execute("update experiments set artifact_location = replace(artifact_location, ?, ?)", move)
        database.execute("update logged_models set artifact_location = replace(artifact_location, ?, ?)", move)
    files = state / "booster"
    files.mkdir()
    (files / "model.bst").write_bytes(b"trees")
    (files / "metadata.yaml").write_bytes(b"name: trees")
    command = [sys.executable, "-c", LOG, str(state), str(files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {"state": str(state), **found}


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    # MLflow leaves a note in what it downloads.
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.name != "registered_model_meta"
    }


def test_files_are_those_that_mlflow_downloads(said: dict[str, str]) -> None:
    registry = Registry.embedded(Path(said["state"]))
    uris = [uri for uri in said if uri.startswith("runs:")]
    assert len(uris) == 4
    for uri in uris:
        theirs, artifact = Path(said[uri]), registry.resolve(uri)
        assert _files(artifact.path) == ({theirs.name: theirs.read_bytes()} if theirs.is_file() else _files(theirs))
        run_id, _, path = uri.removeprefix("runs:/").partition("/")
        assert (artifact.version, artifact.name) == (run_id, path.rpartition("/")[2])
        assert artifact.pinned_uri == uri


def test_logged_model_has_its_signature(said: dict[str, str]) -> None:
    uri = next(uri for uri in said if uri.endswith("/screening-scaler"))
    artifact = Registry.embedded(Path(said["state"])).resolve(uri)
    assert artifact.is_mlflow
    assert artifact.signature
    assert artifact.signature.width == 30


def test_missing_run_and_path_are_not_found(said: dict[str, str]) -> None:
    registry = Registry.embedded(Path(said["state"]))
    assert said["unknown"] == f"ArtifactNotFound: the registry has no run '{'0' * 32}'"
    with pytest.raises(ArtifactNotFound, match="the registry has no run '0{32}'"):
        registry.resolve(f"runs:/{'0' * 32}/x")
    known = next(uri for uri in said if uri.endswith("/booster"))
    with pytest.raises(ArtifactNotFound, match="there is no folder or file .*/nothing"):
        registry.resolve(known.replace("/booster", "/nothing"))
