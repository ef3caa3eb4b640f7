"""What all contenders serve: models fitted on scikit-learn's breast-cancer data, saved in the forms they load.

Fitted once, then read: `<folder>/done` says with which versions. scikit-learn answers what must come out.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from harness.onnx_models import save_onnx
from harness.saving import save_files, save_sklearn

ARMS = ("logistic", "forest")
ROOT = Path(__file__).parents[2]
WIDE = 3000
_VERSIONS = ("scikit-learn", "skops", "onnx", "mlflow-skinny")
_FORMAT = 5  # of what is written below; raise it when that changes

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """Rows of shape (n, features), and by arm the probabilities of shape (n, 2) that must come back."""

    rows: Rows
    answers: Sequence[Rows]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The fitted models: `<name>.joblib` and `<arm>.onnx` in a folder, and a project of ours with artifacts."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def single_rows(self, count: int = 64) -> list[Question]:
        """Rows of the data, one at a time."""
        rows = _measurements()
        arms = self._answers(rows)
        places = np.linspace(0, len(rows) - 1, count).astype(int)
        return [Question(rows[at : at + 1], [arm[at : at + 1] for arm in arms]) for at in places]

    def many_rows(self, count: int) -> list[Question]:
        """The data's rows, over and over, in one request."""
        rows = np.resize(_measurements(), (count, 30))
        return [Question(rows, self._answers(rows))]

    def wide_rows(self, count: int) -> list[Question]:
        """Rows of 3,000 features, which both arms of `wide` answer alike."""
        rows = np.random.default_rng(1).normal(3, 2, (count, WIDE))
        scaler, linear = (joblib.load(self.folder / f"wide-{name}.joblib") for name in ("scaler", "linear"))
        return [Question(rows, [linear.predict_proba(scaler.transform(rows))])]

    def _answers(self, rows: Rows) -> list[Rows]:
        scaled = joblib.load(self.folder / "scaler.joblib").transform(rows)
        return [joblib.load(self.folder / f"{arm}.joblib").predict_proba(scaled) for arm in ARMS]


def fitted(folder: Path, say: Callable[[str], None]) -> Fitted:
    """Fit, unless the folder holds what these versions made."""
    done, made_by = folder / "done", json.dumps([_FORMAT, *(version(name) for name in _VERSIONS)])
    if not done.is_file() or done.read_text(encoding="utf-8") != made_by:
        say("fitting the models (once)")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _fit(folder)
        done.write_text(made_by, encoding="utf-8")
    _write_project(folder / "project")
    return Fitted(folder)


def _fit(folder: Path) -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    scaler = StandardScaler().fit(data.data)
    scaled = scaler.transform(data.data)
    models = {
        "logistic": LogisticRegression().fit(scaled, data.target),
        "forest": RandomForestClassifier(100, random_state=0).fit(scaled, data.target),
    }
    artifacts = folder / "project" / "artifacts"
    save_sklearn(folder, artifacts, "scaler", scaler, data.data)
    for arm, model in models.items():
        save_sklearn(folder, artifacts, arm, model, scaled)
        save_onnx(folder / f"{arm}.onnx", scaler, model)
    save_files(artifacts / "reference", {"x_ref.npy": scaled, "features.json": list(map(str, data.feature_names))})
    _fit_wide(folder, artifacts)


def _fit_wide(folder: Path, artifacts: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(0).normal(3, 2, (300, WIDE))
    scaler = StandardScaler().fit(rows)
    linear = LogisticRegression().fit(scaler.transform(rows), rows[:, 0] > rows[:, 1])
    save_sklearn(folder, artifacts, "wide-scaler", scaler, rows)
    save_sklearn(folder, artifacts, "wide-linear", linear, scaler.transform(rows))


def _measurements() -> Rows:
    from sklearn.datasets import load_breast_cancer

    return np.asarray(load_breast_cancer().data, dtype=np.float64)


def _write_project(folder: Path) -> None:
    """A project of ours: the graphs of the benchmarks, and the components of this repository's own project."""
    (folder / "pyproject.toml").write_text("[tool.servegraph]\n", encoding="utf-8")
    sources = {
        "graphs": (ROOT / "benchmarks" / "graph").glob("*.py"),
        "models": [ROOT / "models" / "classifier.py"],
        "transformers": [ROOT / "transformers" / "scaling.py"],
        "detectors": [ROOT / "detectors" / "drift.py"],
    }
    for name, files in sources.items():
        target = folder / name
        target.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, target)
