"""Ask MLflow itself: import it quietly, look a version up, download its files.

Used for every registry that is not a local SQLite file, and when that file's tables are strange.
"""

import logging
import os
import tempfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from servegraph.artifacts.reference import Pinned, Reference, RunPath, no_alias, no_name, no_run, no_version
from servegraph.errors import RegistryUnreachable

# A wrong address must be told in seconds; MLflow's own defaults retry for minutes. No usage
# reports leave the machine. What the user sets wins.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
_SILENT = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def import_mlflow() -> Any:
    """The module `mlflow` (5 s at first). It keeps silent unless servegraph's own log is at DEBUG."""
    silent = not logging.getLogger("servegraph").isEnabledFor(logging.DEBUG)
    for key, value in {**_ENVIRONMENT, **(_SILENT if silent else {})}.items():
        os.environ.setdefault(key, value)
    import mlflow

    if silent:
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
    return mlflow


def find(tracking_uri: str, wanted: Reference) -> Pinned:
    """The version that is asked for, from any MLflow registry.

    Raises:
        ArtifactNotFound: no such name, alias or version.
        RegistryUnreachable: the registry does not answer, or refuses to.
    """
    mlflow = import_mlflow()
    try:
        client = mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        version = wanted.version or _aliased(client, wanted)
        return Pinned(wanted.name, version, _location(client, wanted.name, version))
    except mlflow.MlflowException as error:
        raise unreachable(tracking_uri, error) from error


def find_run(tracking_uri: str, wanted: RunPath) -> str:
    """Where the files are that a run left at a path, from any MLflow tracking server.

    Raises:
        ArtifactNotFound: no such run.
        RegistryUnreachable: the server does not answer, or refuses to.
    """
    mlflow = import_mlflow()
    try:
        client = mlflow.MlflowClient(tracking_uri=tracking_uri)
        info = client.get_run(wanted.run_id).info
        return str(wanted.below(info.artifact_uri, _logged(client, info.experiment_id, wanted)))
    except mlflow.MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise no_run(wanted.run_id) from error
        raise unreachable(tracking_uri, error) from error


def download(tracking_uri: str, pinned: Pinned, target: Path) -> Path:
    """Copy a version's files to `target`, which appears only when it is complete.

    Raises:
        RegistryUnreachable: the artifact store does not answer.
    """
    mlflow = import_mlflow()
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        try:
            got = mlflow.artifacts.download_artifacts(
                artifact_uri=pinned.location, dst_path=scratch, tracking_uri=tracking_uri
            )
        except Exception as error:  # every kind of store raises its own
            raise unreachable(pinned.location, error) from error
        whole = Path(got)
        if whole.is_file():  # it comes in a folder of its own, as everything does
            whole = whole.rename(Path(tempfile.mkdtemp(dir=scratch)) / whole.name).parent
        try:
            whole.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was first with the same version
                raise
    return target


def unreachable(where: str, error: Exception) -> RegistryUnreachable:
    """The registry's refusal in one line."""
    reason = str(error).strip().partition("\n")[0][:160]
    return RegistryUnreachable(
        f"the MLflow registry cannot be used: {reason}",
        hint=f"is {_without_password(where)} right, and does it run?",
    )


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else uri


def _aliased(client: Any, wanted: Reference) -> str:
    aliases = _registered(client, wanted.name).aliases
    if wanted.alias not in aliases:
        raise no_alias(wanted.name, str(wanted.alias), list(aliases))
    return str(aliases[wanted.alias])


def _registered(client: Any, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise no_name(name, [model.name for model in client.search_registered_models()]) from error


def _location(client: Any, name: str, version: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        location = str(client.get_model_version_download_uri(name, version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        _registered(client, name)
        known = [found.version for found in client.search_model_versions(f"name='{name}'")]
        raise no_version(name, version, [str(number) for number in known]) from error
    if location.startswith("models:/m-"):
        return str(client.get_logged_model(location.removeprefix("models:/")).artifact_location)
    return location


def _logged(client: Any, experiment_id: str, wanted: RunPath) -> str | None:
    """Where the model is that the run logged under the path's first part, if it did."""
    from mlflow.exceptions import MlflowException

    try:
        named = client.search_logged_models([experiment_id], filter_string=f"name = '{wanted.first}'")
    except MlflowException:  # a server before MLflow 3, or a name that is none
        return None
    return next((str(model.artifact_location) for model in named if model.source_run_id == wanted.run_id), None)
