"""What a registry on this machine says of the artifacts that a manifest names, without importing MLflow.

For commands that explain a graph and do not run it: nothing is downloaded, hashed or locked here.
"""

from dataclasses import dataclass

from servegraph.artifacts import Registry, Signature, read_signature, tables
from servegraph.artifacts import reference as artifact_reference
from servegraph.errors import ServeGraphError
from servegraph.spec import SeldonDeployment


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered version.

    Attributes:
        pinned_uri: `models:/name/version`.
        shown: for people, e.g. `screening-scaler@champion → v3`.
        signature: None if its files are elsewhere, or say nothing.
        is_local: whether its files are on this machine.
    """

    pinned_uri: str
    shown: str
    signature: Signature | None
    is_local: bool


def uris(deployment: SeldonDeployment) -> list[str]:
    """The artifacts that a deployment names, explainers' included, each once."""
    found = [unit.model_uri for predictor in deployment.spec.predictors for unit in predictor.graph.walk()]
    found += [predictor.explainer.model_uri for predictor in deployment.spec.predictors if predictor.explainer]
    return list(dict.fromkeys(uri for uri in found if uri))


def look_up(registry: Registry, uri: str) -> Registered | None:
    """What the registry's own tables say of a `models:/` URI; None if they cannot tell."""
    database = tables.database(registry.tracking_uri)
    try:
        wanted = artifact_reference.parse(uri)
        if database is None or not isinstance(wanted, artifact_reference.Reference):
            return None
        found = tables.find(database, wanted)
    except ServeGraphError:
        return None
    if found is None:
        return None
    is_local = artifact_reference.local_path(found.location) is not None
    alias = f"@{wanted.alias}" if wanted.alias else ""
    shown = f"{found.name}{alias} → v{found.version}"
    return Registered(f"models:/{found.name}/{found.version}", shown, _signature(found.location), is_local)


def _signature(location: str) -> Signature | None:
    folder = artifact_reference.local_path(location)
    try:
        return read_signature(folder) if folder else None
    except (ServeGraphError, OSError):
        return None
