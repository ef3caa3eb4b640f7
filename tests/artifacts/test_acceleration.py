"""Models that run as kernels: the same answers, proved once, and without scikit-learn the next time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servegraph.artifacts import load_model
from servegraph.artifacts.acceleration import Accelerated
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
    whole = np.round(ROWS[:4]).astype(np.int64)
    np.testing.assert_allclose(model.predict_proba(whole), logistic.predict_proba(whole), atol=1e-12)
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
        f"answer = load_model({str(folder)!r}).predict_proba(rows).tolist()\n"
        "print(json.dumps([answer, sorted({'sklearn', 'skops', 'onnx', 'pandas', 'mlflow'} & set(sys.modules))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == [expected, []], done.stderr


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
    assert type(load_model(artifact(tmp_path / "a", logistic))).__name__ == "LogisticRegression"


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
