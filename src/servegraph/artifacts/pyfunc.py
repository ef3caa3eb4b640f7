"""MLflow's python_function models: loaded natively where that is safe, else by MLflow once they are trusted.

scikit-learn models in skops format and XGBoost's own files run no code, so they need neither MLflow
nor trust. Every other loader may run some: a pickled or cloudpickled model, a model that is a
Python file, torch, Keras, a `loader_module` of somebody.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from servegraph.artifacts import sklearn_model, xgboost_model
from servegraph.artifacts.client import import_mlflow
from servegraph.artifacts.mlflow_code import admit_code, keep_unchanged
from servegraph.artifacts.mlmodel import flavour
from servegraph.artifacts.signature import Signature, read_signature
from servegraph.artifacts.trust import Trust
from servegraph.errors import ArtifactRefused

_METHODS = frozenset(
    ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "decision_function", "transform")
)
# Where it came from, and what MLflow only takes the last part of.
_NO_PATHS = frozenset(("uri", "config", "env", "model_code_path"))


@dataclass(frozen=True, slots=True)
class Pyfunc:
    """A loaded model.

    Attributes:
        predict: its function of a table, an array, or whatever its signature says.
        signature: what goes in and what comes out.
        takes_values: whether it was fitted on a plain array, and wants one rather than a table.
        classes: what the columns of its answer mean, where the model knows.
    """

    predict: Callable[[Any], Any]
    signature: Signature
    takes_values: bool = False
    classes: tuple[str, ...] = ()


def load_pyfunc(folder: Path, trust: Trust) -> Pyfunc:
    """The model of a folder's MLmodel.

    Raises:
        ArtifactNotFound: there is no MLmodel.
        ArtifactRefused: it has no python_function, or loading it would run code that is not trusted, or fails.
    """
    entry = flavour(folder, "python_function")
    if entry is None:
        raise ArtifactRefused(f"{folder} holds no python_function of MLflow", hint="log it with an MLflow flavour")
    admit_code(folder, entry, trust)
    signature = read_signature(folder) or Signature()
    match entry.get("loader_module"):
        case "mlflow.sklearn":
            return _of_sklearn(sklearn_model.load_sklearn(folder, trust), entry, signature)
        case "mlflow.xgboost":
            return _of_xgboost(xgboost_model.load_flavour(folder, trust), signature)
        case loader:
            trust.demand(folder, f"loading it runs code ({_what(entry, loader)})")
            return Pyfunc(_of_mlflow(folder, signature).predict, signature)


def _what(entry: Mapping[str, Any], loader: object) -> str:
    if "model_code_path" in entry:
        return f"the model is {PurePath(str(entry['model_code_path'])).name}"
    return f"the pickle {entry['python_model']}" if "python_model" in entry else f"by {loader}"


def _of_sklearn(model: Any, entry: Mapping[str, Any], signature: Signature) -> Pyfunc:
    method = str(entry.get("predict_fn", "predict"))
    if method not in _METHODS or not hasattr(model, method):
        raise ArtifactRefused(f"{type(model).__name__} has no method {method!r}", hint="register a new version")
    # Fitted on a table it remembers the names; fitted on an array only their number.
    takes_values = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    classes = tuple(map(str, getattr(model, "classes_", ()))) if method == "predict_proba" else ()
    return Pyfunc(getattr(model, method), signature, takes_values, classes)


def _of_xgboost(model: Any, signature: Signature) -> Pyfunc:
    if hasattr(model, "get_booster"):
        return Pyfunc(model.predict, signature, takes_values=model.get_booster().feature_names is None)
    named = model.feature_names is not None
    return Pyfunc(partial(_boosted, model), signature, takes_values=not named)


def _boosted(booster: Any, rows: Any) -> Any:
    # A table's own names are compared with those of the training.
    names = None if hasattr(rows, "columns") else booster.feature_names
    return booster.predict(xgboost_model.matrix(rows, names))


def _of_mlflow(folder: Path, signature: Signature) -> Any:
    if outside := [name for name in _paths(flavour(folder, "python_function")) if _leads_out(name)]:
        what = f"the MLmodel in {folder} names {outside[0]!r}, which is not in the artifact"
        raise ArtifactRefused(what, hint="register a new version")
    mlflow = import_mlflow()
    keep_unchanged()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = mlflow.pyfunc.load_model(str(folder))
    except Exception as error:  # of MLflow, and of whatever code the model is
        raise ArtifactRefused(
            f"{folder} cannot be loaded: {type(error).__name__}: {str(error).strip()}",
            hint="does this environment have what the model's requirements.txt lists?",
        ) from error
    if any(not field.required for field in signature.inputs):
        # MLflow refuses a missing value where a whole number is optional. The rows fit before they come here.
        model.metadata.signature = None
    return model


def _paths(entry: Any) -> Iterator[str]:
    """Whatever may be a path that MLflow follows: all text in the values."""
    match entry:
        case str():
            yield entry
        case dict():
            for key, value in entry.items():
                if key not in _NO_PATHS:
                    yield from _paths(value)


def _leads_out(name: str) -> bool:
    return PurePath(name).is_absolute() or ".." in PurePath(name).parts
