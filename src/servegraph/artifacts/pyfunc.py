"""MLflow's python_function models: loaded natively where that is safe, else by MLflow once they are trusted.

scikit-learn models in skops format and XGBoost's own files run no code, so they need neither MLflow
nor trust. Every other loader may run some: a pickled or cloudpickled model, a model that is a
Python file, torch, Keras, a `loader_module` of somebody.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePath
from typing import Any

from servegraph.artifacts import sklearn_model, xgboost_model
from servegraph.artifacts.acceleration import Accelerated, accelerated, is_plain, loaded
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
        takes_rows_too: whether it is compiled, and rows of float64 in the signature's order are as good as a table.
        classes: what the columns of its answer mean, where the model knows.
        row_wise: whether the answer for a row surely depends on that row alone.
    """

    predict: Callable[[Any], Any]
    signature: Signature
    takes_values: bool = False
    takes_rows_too: bool = False
    classes: tuple[str, ...] = ()
    row_wise: bool = False


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
            return _of_sklearn(folder, trust, entry, signature)
        case "mlflow.xgboost":
            return _of_xgboost(folder, trust, signature)
        case loader:
            trust.demand(folder, f"loading it runs code ({_what(entry, loader)})")
            read = cache(partial(_of_mlflow, folder, signature))
            return _of_lightgbm(folder, read, signature) if loader == "mlflow.lightgbm" else _of_anyone(read, signature)


def _what(entry: Mapping[str, Any], loader: object) -> str:
    if "model_code_path" in entry:
        return f"the model is {PurePath(str(entry['model_code_path'])).name}"
    return f"the pickle {entry['python_model']}" if "python_model" in entry else f"by {loader}"


def _of_sklearn(folder: Path, trust: Trust, entry: Mapping[str, Any], signature: Signature) -> Pyfunc:
    method = str(entry.get("predict_fn", "predict"))

    def read() -> Any:
        model = sklearn_model.load_sklearn(folder, trust)
        if method not in _METHODS or not hasattr(model, method):
            raise ArtifactRefused(f"{type(model).__name__} has no method {method!r}", hint="register a new version")
        return model

    asked = sklearn_model.admit_sklearn(folder, trust)
    model = accelerated(folder, (__name__, *asked), read, (method,))
    names = getattr(model, "feature_names_in_", None)
    # Fitted on a table it remembers the names; fitted on an array only their number.
    takes_values = hasattr(model, "n_features_in_") and names is None
    too = _takes_rows_too(model, names, signature)
    classes = tuple(map(str, getattr(model, "classes_", ()))) if method == "predict_proba" else ()
    return Pyfunc(getattr(model, method), signature, takes_values, too, classes, row_wise=True)


def _of_xgboost(folder: Path, trust: Trust, signature: Signature) -> Pyfunc:
    xgboost_model.admit_xgboost(folder, trust)
    model = accelerated(folder, (__name__,), partial(xgboost_model.load_flavour, folder, trust), ("predict",))
    is_booster = not hasattr(model, "n_features_in_")
    names = getattr(model, "feature_names" if is_booster else "feature_names_in_", None)
    too = _takes_rows_too(model, names, signature)
    predict = partial(_boosted, model, names) if is_booster else model.predict
    return Pyfunc(predict, signature, takes_values=names is None, takes_rows_too=too, row_wise=True)


def _of_lightgbm(folder: Path, read: Callable[[], Any], signature: Signature) -> Pyfunc:
    """A kernel for rows that are as good as a table; it looks at no names. All else goes to MLflow's own model."""
    model = accelerated(folder, (__name__,), lambda: read()._model_impl.lgb_model, ("predict",))
    if not isinstance(model, Accelerated):
        return _of_anyone(read, signature)

    def predict(rows: Any) -> Any:
        return model.predict(rows) if is_plain(rows) else read().predict(rows)

    names = signature.input_names
    return Pyfunc(predict, signature, takes_rows_too=_takes_rows_too(model, names, signature))


def _of_anyone(read: Callable[[], Any], signature: Signature) -> Pyfunc:
    return Pyfunc(read().predict, signature)


def _takes_rows_too(model: Any, names: Sequence[Any] | None, signature: Signature) -> bool:
    """Whether the model is compiled, and was fitted with the columns of its signature, in this order.

    Where it gets other things than rows of numbers, it is loaded now, so that the first request does not wait for it.
    """
    is_same = names is not None and list(map(str, names)) == list(signature.input_names)
    columns = () if signature.takes_tensors else signature.inputs
    if columns and not (all(field.dtype == "double" for field in columns) and (is_same or names is None)):
        loaded(model)
    return is_same and isinstance(model, Accelerated)


def _boosted(model: Any, names: Sequence[str] | None, rows: Any) -> Any:
    if isinstance(model, Accelerated) and is_plain(rows):
        return model.predict(rows)
    # A table's own names are compared with those of the training.
    own = None if hasattr(rows, "columns") or names is None else list(names)
    return model.predict(xgboost_model.matrix(rows, own))


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
