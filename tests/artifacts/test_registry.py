"""From an alias to a checked folder, with a real MLflow store; MLflow is asked in its own process."""

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
from servegraph.errors import ArtifactNotFound, ArtifactRefused, RegistryUnreachable

NAMES = ["screening-boosting", "screening-drift-reference", "screening-logistic", "screening-scaler"]

WE_SAY = """
import json, sys
from pathlib import Path
from servegraph.artifacts import Registry, load_model

registry = Registry.embedded(Path(sys.argv[1]))
said = {}
for name in sys.argv[2:]:
    artifact = registry.resolve(f"models:/{name}@champion")
    assert artifact.path == registry.resolve(artifact.pinned_uri).path
    said[name] = [artifact.version, artifact.path.as_uri()]
load_model(artifact.path)
print(json.dumps([said, "mlflow" in sys.modules]))
"""
MLFLOW_SAYS = """
import json, sys
import mlflow

mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/mlflow.db")
client = mlflow.MlflowClient()
said = {}
for name in sys.argv[2:]:
    found = client.get_model_version_by_alias(name, "champion")
    metrics = client.get_run(found.run_id).data.metrics
    said[name] = [str(found.version), client.get_model_version_download_uri(name, found.version), metrics]
mlflow.artifacts.download_artifacts("models:/screening-scaler@champion")
print(json.dumps(said))
"""
BOTH_WAYS = """
import sqlite3, sys
from pathlib import Path
from servegraph.artifacts import Registry, client, tables
from servegraph.artifacts.reference import Reference
from servegraph.errors import ArtifactNotFound

registry = Registry.embedded(Path(sys.argv[1]))
database = Path(sys.argv[1]) / "mlflow.db"

def answer(find, where, wanted):
    try:
        return find(where, wanted)
    except ArtifactNotFound as error:
        return str(error), error.hint

for name in "screening-scaler", "unknown":
    for wanted in Reference(name, "champion"), Reference(name, "prod"), Reference(name, None, "1"), \\
            Reference(name, None, "9"):
        by_client = answer(client.find, registry.tracking_uri, wanted)
        assert by_client == answer(tables.find, database, wanted), by_client

by_tables = registry.resolve("models:/screening-scaler@champion")
with sqlite3.connect(database) as connection:
    connection.execute("update model_versions set storage_location = null")
assert tables.find(database, Reference("screening-scaler", "champion")) is None
assert registry.resolve("models:/screening-scaler@champion") == by_tables
"""


def _run(script: str, *arguments: object) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _copy(store: Path, state: Path) -> Registry:
    """A copy of the store that may be damaged; MLflow keeps absolute paths, so they are moved too."""
    shutil.copytree(store, state)
    with closing(sqlite3.connect(state / "mlflow.db")) as database, database:
        move = (str(store), str(state))
        database.execute("update model_versions set storage_location = replace(storage_location, ?, ?)", move)
        database.execute("update logged_models set artifact_location = replace(artifact_location, ?, ?)", move)
    return Registry.embedded(state)


def test_resolve_agrees_with_mlflow_and_does_not_import_it(trained_store: Path, tmp_path: Path) -> None:
    registry = _copy(trained_store, tmp_path / "state")
    theirs: dict[str, Any] = json.loads(_run(MLFLOW_SAYS, registry.state_dir, *NAMES))
    ours, imported = json.loads(_run(WE_SAY, registry.state_dir, *NAMES))
    assert ours == {name: said[:2] for name, said in theirs.items()}
    assert not imported
    # MLflow leaves a note in its own store when somebody loads a model; that is no change of the model.
    assert (registry.resolve("models:/screening-scaler/1").path / "registered_model_meta").exists()


def test_metrics_of_the_held_out_rows_are_logged(trained_store: Path) -> None:
    with closing(sqlite3.connect(trained_store / "mlflow.db")) as database:
        logged = database.execute(
            "select name, key, value from latest_metrics join model_versions on run_id = run_uuid"
        ).fetchall()
    metrics = {(name, key): value for name, key, value in logged}
    assert len(metrics) == 4
    assert 0.96 < metrics["screening-logistic", "accuracy"] < 1
    assert 0.94 < metrics["screening-boosting", "accuracy"] < 1
    assert 0.99 < metrics["screening-logistic", "roc_auc"] < 1
    assert 0.98 < metrics["screening-boosting", "roc_auc"] < 1


def test_artifact_tells_all_about_itself(trained_store: Path) -> None:
    artifact = Registry.embedded(trained_store).resolve("models:/screening-logistic@champion")
    assert (artifact.name, artifact.version, artifact.alias) == ("screening-logistic", "1", "champion")
    assert artifact.pinned_uri == "models:/screening-logistic/1"
    assert len(artifact.digest) == 64
    assert artifact.signature
    assert artifact.signature.width == 30
    assert artifact.signature.output_names == ("malignant", "benign")
    example = artifact.input_example()
    assert example
    assert [len(row) for row in example] == [30, 30, 30]


def test_local_folder_needs_no_registry(trained_store: Path, tmp_path: Path) -> None:
    found = Registry.embedded(trained_store).resolve("models:/screening-scaler/1")
    local = Registry.embedded(tmp_path).resolve(found.path.as_uri())
    assert (local.version, local.alias, local.digest, local.path) == ("local", None, found.digest, found.path)
    assert local.pinned_uri == str(found.path)
    assert not list(tmp_path.iterdir())


def test_missing_registry_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound, match="no registry yet") as raised:
        Registry.embedded(tmp_path / "none").resolve("models:/screening-scaler@champion")
    assert raised.value.hint == "run `servegraph train`"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("models:/scaler@champion", "no artifact named 'scaler'", f"registered: {', '.join(NAMES)}"),
        ("models:/screening-scaler@prod", "has no alias 'prod'", "its aliases: champion"),
        ("models:/screening-scaler/7", "has no version 7", "its versions: 1"),
    ],
)
def test_missing_artifact_lists_what_there_is(trained_store: Path, uri: str, message: str, hint: str) -> None:
    with pytest.raises(ArtifactNotFound, match=message) as raised:
        Registry.embedded(trained_store).resolve(uri)
    assert raised.value.hint == hint


def test_file_that_is_no_database_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database, but long enough to be looked at as one" * 40)
    with pytest.raises(RegistryUnreachable, match="not a database"):
        Registry.embedded(tmp_path).resolve("models:/screening-scaler@champion")


def test_changed_byte_is_refused_until_its_line_is_deleted(trained_store: Path, tmp_path: Path) -> None:
    registry = _copy(trained_store, tmp_path / "state")
    model = registry.resolve("models:/screening-logistic@champion").path / "model.skops"
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.write_bytes(content)
    with pytest.raises(ArtifactRefused, match="screening-logistic/1 changed since it was locked"):
        registry.resolve("models:/screening-logistic@champion")
    registry.lock.path.unlink()
    assert registry.resolve("models:/screening-logistic@champion").version == "1"


def test_adopted_version_replaces_what_was_locked(trained_store: Path, tmp_path: Path) -> None:
    registry = _copy(trained_store, tmp_path / "state")
    registry.lock.write("screening-scaler/1", "of a registry that was deleted")
    with pytest.raises(ArtifactRefused):
        registry.resolve("models:/screening-scaler@champion")
    adopted = registry.adopt("models:/screening-scaler/1")
    assert registry.resolve("models:/screening-scaler/1") == adopted


def test_added_file_is_refused(trained_store: Path, tmp_path: Path) -> None:
    registry = _copy(trained_store, tmp_path / "state")
    (registry.resolve("models:/screening-scaler/1").path / "extra.py").touch()
    with pytest.raises(ArtifactRefused):
        registry.resolve("models:/screening-scaler/1")


def test_deleted_files_are_not_found(trained_store: Path, tmp_path: Path) -> None:
    registry = _copy(trained_store, tmp_path / "state")
    shutil.rmtree(tmp_path / "state" / "mlartifacts")
    with pytest.raises(ArtifactNotFound, match="holds no MLmodel"):
        registry.resolve("models:/screening-scaler/1")


def test_mlflow_client_and_tables_give_the_same(trained_store: Path, tmp_path: Path) -> None:
    _run(BOTH_WAYS, _copy(trained_store, tmp_path / "state").state_dir)
