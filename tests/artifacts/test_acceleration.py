"""Models that run as kernels: the same answers, proved once, and without scikit-learn the next time."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servegraph.artifacts import load_model
from servegraph.artifacts.acceleration import Accelerated
from servegraph.artifacts.compilation import compilation
from servegraph.errors import ArtifactRefused, ConfigurationError

ROWS = np.random.default_rng(7).normal(size=(60, 3))


def artifact(folder: Path, model: Any, example: Any = ROWS[:5]) -> Path:
    """A folder as MLflow writes it for a scikit-learn model, in skops format, with an example."""
    import skops.io

    folder.mkdir(parents=True)
    skops.io.dump(model, folder / "model.skops")
    (folder / "example.json").write_text(json.dumps({"data": np.asarray(example).tolist()}))
    (folder / "MLmodel").write_text(
        "flavors: {sklearn: {pickled_model: model.skops, serialization_format: skops}}\n"
        "saved_input_example_info: {artifact_path: example.json, type: ndarray}\n"
    )
    return folder


@pytest.fixture(scope="module")
def logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)


def test_a_model_answers_through_its_kernel(tmp_path: Path, logistic: Any):
    model = load_model(artifact(tmp_path / ".servegraph" / "a", logistic))
    assert isinstance(model, Accelerated)
    np.testing.assert_allclose(model.predict_proba(ROWS), logistic.predict_proba(ROWS), atol=1e-12)
    assert len(list((tmp_path / ".servegraph" / "kernels").iterdir())) == 1


def test_what_has_no_kernel_is_the_model_itself(tmp_path: Path, logistic: Any):
    model = load_model(artifact(tmp_path / ".servegraph" / "a", logistic))
    assert model.classes_.tolist() == [False, True]
    assert model.predict(ROWS[:4]).tolist() == logistic.predict(ROWS[:4]).tolist()
    listed = ROWS[:4].tolist()
    assert model.predict_proba(listed).tolist() == logistic.predict_proba(listed).tolist()
    assert not hasattr(model, "transform")


def test_rows_that_the_model_refuses_are_refused(tmp_path: Path, logistic: Any):
    model = load_model(artifact(tmp_path / "a", logistic))
    with pytest.raises(ValueError, match="features"):
        model.predict_proba(ROWS[:, :2].copy())
    with pytest.raises(ValueError, match="NaN"):
        model.predict_proba(np.full((1, 3), np.nan))


def test_a_second_start_needs_no_scikit_learn(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    expected = load_model(folder).predict_proba(ROWS[:1]).tolist()
    program = (
        "import sys, json, numpy\n"
        "from servegraph.artifacts import load_model\n"
        f"rows = numpy.array({ROWS[:1].tolist()!r})\n"
        f"model = load_model({str(folder)!r})\n"
        "answer = model.predict_proba(rows).tolist()\n"
        "facts = [model.classes_.tolist(), model.n_features_in_, hasattr(model, 'feature_names_in_')]\n"
        "vendors = {'sklearn', 'skops', 'onnx', 'pandas', 'mlflow'}\n"
        "print(json.dumps([answer, facts, sorted(vendors & set(sys.modules))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == [expected, [[False, True], 3, False], []], done.stderr


def test_other_files_are_not_loaded_later(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    load_model(folder)
    model = load_model(folder)
    (folder / "note.txt").write_text("changed")
    assert model.predict_proba(ROWS).shape == (60, 2)
    with pytest.raises(ArtifactRefused, match="has changed since its kernels were read"):
        model.coef_.tolist()


def test_another_content_is_another_kernel(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    load_model(folder)
    kernels = tmp_path / ".servegraph" / "kernels"
    (folder / "note.txt").write_text("changed")
    load_model(folder)
    assert len(list(kernels.iterdir())) == 2


def test_a_damaged_kernel_is_made_again(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    load_model(folder)
    (file,) = (tmp_path / ".servegraph" / "kernels").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_allclose(load_model(folder).predict_proba(ROWS), logistic.predict_proba(ROWS), atol=1e-12)


def test_acceleration_can_be_off(tmp_path: Path, logistic: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SERVEGRAPH_ACCELERATE", "off")
    with compilation() as told:
        assert type(load_model(artifact(tmp_path / "a", logistic))).__name__ == "LogisticRegression"
    assert told.lines == {"accelerate": "off"}


def test_a_model_without_kernel_is_itself_unless_one_is_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from sklearn.neighbors import KNeighborsClassifier

    folder = artifact(tmp_path / "a", KNeighborsClassifier().fit(ROWS, ROWS[:, 0] > 0))
    trusted = ["sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64"]
    assert type(load_model(folder, trusted)).__name__ == "KNeighborsClassifier"
    monkeypatch.setenv("SERVEGRAPH_ACCELERATE", "require")
    with pytest.raises(ArtifactRefused, match="cannot be accelerated: .*KNeighborsClassifier"):
        load_model(folder, trusted)


def test_a_misspelt_wish_is_told(tmp_path: Path, logistic: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SERVEGRAPH_ACCELERATE", "yes")
    with pytest.raises(ConfigurationError) as caught:
        load_model(artifact(tmp_path / "a", logistic))
    assert (str(caught.value), caught.value.hint) == (
        "SERVEGRAPH_ACCELERATE is 'yes'",
        "write one of auto, off, require",
    )


def test_a_model_without_rows_is_proved_with_what_it_tells_of_itself(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / "a", logistic)
    for content in (b"{", b"\xff", b"[[1, [2]]]"):
        (folder / "example.json").write_bytes(content)
        assert isinstance(load_model(folder), Accelerated)
    (folder / "example.json").unlink()
    model = load_model(folder)
    assert isinstance(model, Accelerated)
    np.testing.assert_allclose(model.predict_proba(ROWS), logistic.predict_proba(ROWS), atol=1e-12)


def test_labels_and_probabilities_have_a_kernel_each(tmp_path: Path, logistic: Any):
    with compilation() as told:
        model = load_model(artifact(tmp_path / "a", logistic))
    assert told.engines == {"predict_proba": "numpy", "predict": "numpy"}
    assert told.lines["predict"].startswith("numpy, proved on ")
    assert model.predict(ROWS).tolist() == logistic.predict(ROWS).tolist()


def test_rows_from_beside_the_artifact_take_part_in_the_proof(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    load_model(folder)
    with compilation([np.zeros((7, 5)), ROWS * 1e3]):
        assert isinstance(load_model(folder), Accelerated)
    assert len(list((tmp_path / ".servegraph" / "kernels").iterdir())) == 2


def test_kernels_that_cannot_be_kept_are_used_all_the_same(
    tmp_path: Path, logistic: Any, caplog: pytest.LogCaptureFixture
):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    (tmp_path / ".servegraph" / "kernels").write_text("no folder")
    assert isinstance(load_model(folder), Accelerated)
    assert "cannot be kept" in caplog.text


def test_a_full_disk_leaves_no_half_kernel(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    program = (
        "import resource\n"
        "from servegraph.artifacts import load_model\n"
        "from servegraph.artifacts.acceleration import Accelerated\n"
        "import numpy\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"print(type(load_model({str(folder)!r})).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "Accelerated\n", done.stderr
    assert "cannot be kept" in done.stderr
    assert list((tmp_path / ".servegraph" / "kernels").iterdir()) == []


def test_two_that_start_at_once_leave_one_whole_file(tmp_path: Path, logistic: Any):
    folder = artifact(tmp_path / ".servegraph" / "a", logistic)
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: load_model(folder), range(4)))
    assert {type(model) for model in models} == {Accelerated}
    (file,) = (tmp_path / ".servegraph" / "kernels").iterdir()
    assert file.suffix == ".npz"
    assert isinstance(load_model(folder), Accelerated)


def test_small_whole_numbers_are_rows_too(tmp_path: Path, logistic: Any):
    model = load_model(artifact(tmp_path / ".servegraph" / "a", logistic))
    again = load_model(tmp_path / ".servegraph" / "a")
    for whole in (np.array([[1, -2, 2**24]]), np.array([[3, 0, 1]], np.uint8), np.array([[2**40 + 1, 0, 0]])):
        np.testing.assert_allclose(again.predict_proba(whole), logistic.predict_proba(whole), atol=1e-12)
        assert again.predict(whole).tolist() == model.predict(whole).tolist() == logistic.predict(whole).tolist()
