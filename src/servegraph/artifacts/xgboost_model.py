"""XGBoost's models: the one door to xgboost.

Its own formats, JSON and UBJSON, are data, and need no trust; a pickle of a model does.
"""

from pathlib import Path
from typing import Any

from servegraph.artifacts.layout import model_file
from servegraph.artifacts.mlflow_code import admit_code
from servegraph.artifacts.mlmodel import flavour, inside
from servegraph.artifacts.sklearn_model import demand_pickle, unpickled
from servegraph.artifacts.trust import Trust
from servegraph.errors import ArtifactRefused, EnvironmentFault

NAMES = ("model.json", "model.ubj", "model.bst")
_PICKLES = frozenset((".pkl", ".pickle", ".joblib"))
_CLASSES = ("Booster", "XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")


def load_booster(folder: Path, trust: Trust) -> Any:
    """The Booster, whichever of XGBoost's classes was saved.

    Raises:
        EnvironmentFault: xgboost is not installed.
        ArtifactNotFound: there is no such folder or file.
        ArtifactRefused: it is a pickle that is not trusted, or cannot be read.
    """
    file = _file(folder, trust)
    if file.suffix in _PICKLES:
        model = unpickled(file, folder, trust)
        return model.get_booster() if hasattr(model, "get_booster") else model
    return _filled(_xgboost().Booster(), file)


def admit_xgboost(folder: Path, trust: Trust) -> None:
    """Refuse what `load_booster` and `load_flavour` would refuse for want of trust, without reading the model.

    Raises:
        ArtifactNotFound, ArtifactRefused: as they do.
    """
    file = _file(folder, trust)
    if file.suffix in _PICKLES:
        demand_pickle(file, folder, trust)


def load_flavour(folder: Path, trust: Trust) -> Any:
    """The model of an MLmodel's xgboost flavour, as the class that was saved; raises as `load_booster`."""
    entry = flavour(folder, "xgboost") or {}
    name = str(entry.get("model_class", "xgboost.core.Booster"))
    package, _, cls = name.rpartition(".")
    if not package.startswith("xgboost.") or cls not in _CLASSES:
        raise ArtifactRefused(f"{folder} holds a {name}, which is no model of XGBoost", hint="register a new version")
    file = _file(folder, trust)
    if file.suffix in _PICKLES:
        return unpickled(file, folder, trust)
    return _filled(getattr(_xgboost(), cls)(), file)


def matrix(values: Any, names: list[str] | None) -> Any:
    """A DMatrix of rows; `names` are the features' as the model has them, or None."""
    return _xgboost().DMatrix(values, feature_names=names)


def _file(folder: Path, trust: Trust) -> Path:
    if not (folder / "MLmodel").is_file():
        return model_file(folder, NAMES)
    entry = flavour(folder, "xgboost")
    if entry is None:
        raise ArtifactRefused(f"{folder} holds no model of XGBoost", hint="MLFLOW_SERVER serves other models")
    admit_code(folder, entry, trust)
    return inside(folder, entry.get("data"))


def _filled(model: Any, file: Path) -> Any:
    try:
        model.load_model(bytearray(file.read_bytes()))  # by content: it guesses from a name, and warns that it does
    except Exception as error:  # of the library's own, and whatever a damaged file leads to
        raise ArtifactRefused(
            f"{file} is no readable XGBoost model: {str(error).strip().partition(chr(10))[0]}",
            hint="XGBoost 3.1 reads JSON and UBJSON; save an older binary file again with 3.0 as model.json",
        ) from error
    return model


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise EnvironmentFault("xgboost is not installed", hint="pip install 'servegraph[xgboost]'") from error
    return xgboost
