"""scikit-learn models, from an MLmodel or from a file of a well-known name. No MLflow here."""

from pathlib import Path
from typing import Any

from servegraph.artifacts.layout import model_file
from servegraph.artifacts.loading import load_skops
from servegraph.artifacts.mlflow_code import admit_code
from servegraph.artifacts.mlmodel import flavour, inside
from servegraph.artifacts.trust import Trust, trust_command
from servegraph.errors import ArtifactRefused

NAMES = ("model.joblib", "model.pickle", "model.pkl", "model.skops")


def load_sklearn(folder: Path, trust: Trust) -> Any:
    """The estimator.

    Raises:
        ArtifactNotFound: there is no such folder or file.
        ArtifactRefused: loading it would run code or make types that are not trusted, or fails.
    """
    file, is_skops = _stored(folder, trust)
    if is_skops:
        return _of_skops(file, folder, trust)
    return unpickled(file, folder, trust)


def admit_sklearn(folder: Path, trust: Trust) -> tuple[str, ...]:
    """Refuse what `load_sklearn` would refuse, without reading the model.

    Returns: what decides beside the folder's content whether that refuses it all the same.
    Raises:
        ArtifactNotFound, ArtifactRefused: as `load_sklearn`.
    """
    file, is_skops = _stored(folder, trust)
    if is_skops:
        return (*sorted(trust.types), f"covered: {trust.covers(folder)}")
    demand_pickle(file, folder, trust)
    return ()


def unpickled(file: Path, folder: Path, trust: Trust) -> Any:
    """What a pickle holds, whether pickle, cloudpickle or joblib wrote it; raises as `load_sklearn`."""
    demand_pickle(file, folder, trust)
    import joblib

    try:
        return joblib.load(file)
    except Exception as error:  # whatever it pleases to raise
        raise ArtifactRefused(
            f"{file} cannot be loaded: {type(error).__name__}: {error}",
            hint="a pickle needs the packages and, often, their versions that it was written with",
        ) from error


def demand_pickle(file: Path, folder: Path, trust: Trust) -> None:
    """Go on only if the pickle may be loaded; raises as `Trust.demand`."""
    trust.demand(folder, f"{file.name} is a pickle, and loading one runs whatever code is in it")


def _stored(folder: Path, trust: Trust) -> tuple[Path, bool]:
    """The model's file, and whether it is of skops."""
    if not (folder / "MLmodel").is_file():
        file = model_file(folder, NAMES)
        return file, file.suffix == ".skops"
    general = flavour(folder, "python_function") or {}
    entry = flavour(folder, "sklearn")
    if entry is None and general.get("loader_module") != "mlflow.sklearn":
        raise ArtifactRefused(f"{folder} holds no scikit-learn model", hint="MLFLOW_SERVER serves other models")
    admit_code(folder, entry or general, trust)
    stored = entry or {"pickled_model": general.get("model_path")}
    return inside(folder, stored.get("pickled_model")), stored.get("serialization_format") == "skops"


def _of_skops(file: Path, folder: Path, trust: Trust) -> Any:
    def hint(unknown: list[str]) -> str:
        names = ", ".join(f'"{name}"' for name in unknown)
        return f"allow them, trusted_types = [{names}] in [tool.servegraph], or this artifact: {trust_command(folder)}"

    return load_skops(file, trust.types, hint, lambda: trust.covers(folder))
