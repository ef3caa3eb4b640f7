"""Log, register, and point an alias: how training hands its results over.

Every artifact gets a signature and an input example. The requirements are named, because MLflow
would otherwise start a process to guess them (12 s and more). Serving never comes here.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from servegraph.artifacts.client import import_mlflow, unreachable
from servegraph.artifacts.folder import Artifact
from servegraph.artifacts.registry import Registry

EXPERIMENT = "servegraph"


def publish_sklearn(
    registry: Registry,
    name: str,
    model: Any,
    example: Any,
    alias: str,
    metrics: Mapping[str, float],
    trusted: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Artifact:
    """Register a fitted scikit-learn model as a new version of `name`, in skops format.

    Args:
        example: a few rows; the columns of a DataFrame name the features in the signature.
        trusted: full names of types in the model that skops does not accept of itself.
        outputs: names of the output columns (classes, or features of a transformer).
    Raises:
        RegistryUnreachable: MLflow refuses, or does not answer.
    """
    method = next(m for m in ("predict_proba", "transform", "predict") if hasattr(model, m))
    with _run(registry, name, metrics) as mlflow:
        info = mlflow.sklearn.log_model(
            model,
            name=name,
            serialization_format="skops",
            skops_trusted_types=list(trusted),
            pyfunc_predict_fn=method,
            signature=_signature(example, getattr(model, method)(_values(example)), outputs),
            input_example=example,
            pip_requirements=_pinned("scikit-learn", "skops", "numpy"),
        )
        return _register(registry, mlflow, info, name, alias)


def publish_files(registry: Registry, name: str, folder: Path, example: Any, alias: str) -> Artifact:
    """Register a folder of plain files as a new version of `name`; `example` are rows they are about.

    Raises:
        RegistryUnreachable: MLflow refuses, or does not answer.
    """
    with _run(registry, name, {}) as mlflow:
        info = mlflow.pyfunc.log_model(
            name=name,
            loader_module="servegraph.artifacts.plain",
            data_path=str(folder),
            signature=_signature(example, example, ()),
            input_example=example,
            pip_requirements=[*_pinned("numpy"), "servegraph"],
        )
        return _register(registry, mlflow, info, name, alias)


@contextmanager
def _run(registry: Registry, name: str, metrics: Mapping[str, float]) -> Iterator[Any]:
    """An MLflow run in the registry; MLflow's process-wide tracking URI is put back afterwards."""
    mlflow = import_mlflow()
    before = mlflow.get_tracking_uri()
    try:
        registry.state_dir.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(registry.tracking_uri)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with mlflow.start_run(experiment_id=_experiment(registry, mlflow), run_name=name):
                mlflow.log_metrics(dict(metrics))
                yield mlflow
    except mlflow.MlflowException as error:
        raise unreachable(registry.tracking_uri, error) from error
    finally:
        mlflow.set_tracking_uri(before)


def _experiment(registry: Registry, mlflow: Any) -> str:
    found = mlflow.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    store = registry.artifact_store
    return str(mlflow.create_experiment(EXPERIMENT, artifact_location=store.as_uri() if store else None))


def _register(registry: Registry, mlflow: Any, info: Any, name: str, alias: str) -> Artifact:
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(name)
    except mlflow.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(name, info.model_uri, run_id=info.run_id, model_id=info.model_id)
    # Locked before the alias moves: whoever follows the alias finds the lock in place.
    registry.adopt(f"models:/{name}/{made.version}")
    client.set_registered_model_alias(name, alias, made.version)
    return registry.resolve(f"models:/{name}@{alias}")


def _signature(example: Any, answer: Any, outputs: Sequence[str]) -> Any:
    from mlflow.models import infer_signature
    from mlflow.types import ColSpec, Schema

    signature = infer_signature(example, answer)
    if outputs:
        signature.outputs = Schema([ColSpec("double", name) for name in outputs])
    return signature


def _values(example: Any) -> Any:
    # Models are fitted on plain arrays, and scikit-learn warns when names come with the rows.
    return example.to_numpy() if hasattr(example, "to_numpy") else example


def _pinned(*packages: str) -> list[str]:
    return [f"{package}=={installed(package)}" for package in packages]
