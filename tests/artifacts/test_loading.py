"""Whatever an artifact holds, loading it runs nothing and trusts only the caller's list."""

import os
import pickle
from functools import partial
from pathlib import Path

import pytest
import skops.io
from sklearn.tree import DecisionTreeClassifier

from servegraph.artifacts import Registry, files, load_model
from servegraph.errors import ArtifactNotFound, ArtifactRefused

MLMODEL = """
flavors:
  sklearn:
    pickled_model: {file}
    serialization_format: {stored_as}
    skops_trusted_types: [posix.system, functools.partial, sklearn.tree._tree.Tree]
"""


class Trap:
    """Writes its marker file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def _mlmodel(folder: Path, file: str, stored_as: str) -> None:
    (folder / "MLmodel").write_text(MLMODEL.format(file=file, stored_as=stored_as))


def _skops(folder: Path, model: object) -> Path:
    _mlmodel(folder, "model.skops", "skops")
    skops.io.dump(model, folder / "model.skops")
    return folder


def test_types_on_the_callers_list_are_loaded(tmp_path: Path) -> None:
    folder = _skops(tmp_path, DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1]))
    model = load_model(folder, trusted=["sklearn.tree._tree.Tree"])
    assert model.predict([[0.9]]) == [1]


def test_file_that_white_lists_itself_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    folder = _skops(tmp_path, partial(os.system, f"touch {marker}"))
    with pytest.raises(ArtifactRefused, match=r"posix\.system"):
        load_model(folder)
    assert not marker.exists()


def test_untrusted_type_is_named_with_the_fix(tmp_path: Path) -> None:
    folder = _skops(tmp_path, DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1]))
    with pytest.raises(ArtifactRefused, match=r"sklearn\.tree\._tree\.Tree") as raised:
        load_model(str(folder))
    assert "TRUSTED" in str(raised.value.hint)


@pytest.mark.parametrize("stored_as", ["pickle", "cloudpickle", "skops", "null"])
def test_pickle_is_refused_and_not_run(tmp_path: Path, stored_as: str) -> None:
    marker = tmp_path / "marker"
    _mlmodel(tmp_path, "model.pkl", stored_as)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(ArtifactRefused):
        load_model(tmp_path, trusted=["pathlib.Path.touch"])
    assert not marker.exists()


def test_file_outside_the_artifact_is_refused(tmp_path: Path) -> None:
    skops.io.dump([1], tmp_path / "model.skops")
    (tmp_path / "artifact").mkdir()
    _mlmodel(tmp_path / "artifact", "../model.skops", "skops")
    with pytest.raises(ArtifactRefused, match="not in the artifact"):
        load_model(tmp_path / "artifact")


def test_other_flavour_is_refused(trained_store: Path) -> None:
    reference = Registry.embedded(trained_store).resolve("models:/screening-drift-reference@champion")
    with pytest.raises(ArtifactRefused, match="no scikit-learn model"):
        load_model(reference.path)


def test_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound):
        load_model(tmp_path / "none")


def test_plain_files_are_found(trained_store: Path) -> None:
    reference = Registry.embedded(trained_store).resolve("models:/screening-drift-reference@champion")
    assert sorted(path.name for path in files(reference.path).iterdir()) == ["features.json", "x_ref.npy"]


def test_model_holds_no_plain_files(trained_store: Path) -> None:
    scaler = Registry.embedded(trained_store).resolve("models:/screening-scaler@champion")
    with pytest.raises(ArtifactRefused, match="no plain files"):
        files(scaler.path)


@pytest.mark.parametrize("deep", ["[", "{a: ", "- ", "? "])
def test_endless_nesting_is_refused_and_ends_nothing(tmp_path: Path, deep: str) -> None:
    (tmp_path / "MLmodel").write_text(deep * 100_000)
    with pytest.raises(ArtifactRefused, match="is no YAML"):
        load_model(tmp_path)
