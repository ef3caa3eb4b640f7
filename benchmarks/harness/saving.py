"""Save what was fitted: with joblib, and as MLflow's folder with skops."""

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
_EXAMPLE_ROWS = 3


def save_sklearn(folder: Path, artifacts: Path, name: str, model: Any, rows: Rows) -> None:
    """`<folder>/<name>.joblib`, and `<artifacts>/<name>` as `mlflow.sklearn.log_model` would leave it."""
    joblib.dump(model, folder / f"{name}.joblib")
    method = "predict_proba" if hasattr(model, "predict_proba") else "transform"
    example = rows[:_EXAMPLE_ROWS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.sklearn
        from mlflow.models import infer_signature
        from pandas import DataFrame

        frame = DataFrame(example, columns=[f"x{number}" for number in range(rows.shape[1])])
        mlflow.sklearn.save_model(
            model,
            artifacts / name,
            serialization_format="skops",
            skops_trusted_types=["sklearn.tree._tree.Tree"] if hasattr(model, "estimators_") else [],
            pyfunc_predict_fn=method,
            signature=infer_signature(frame, getattr(model, method)(example)),
            input_example=frame,
            pip_requirements=["scikit-learn"],
        )


def save_files(folder: Path, contents: Mapping[str, Any]) -> None:
    """Arrays (`.npy`) and JSON, as an artifact of plain files."""
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc

        plain = Path(scratch) / "files"
        plain.mkdir()
        for name, content in contents.items():
            if name.endswith(".npy"):
                np.save(plain / name, content, allow_pickle=False)
            else:
                (plain / name).write_text(json.dumps(content), encoding="utf-8")
        loader = "servegraph.artifacts.plain"
        mlflow.pyfunc.save_model(folder, loader_module=loader, data_path=str(plain), pip_requirements=["numpy"])
