"""What an environment changes in a deployment whatever its form: names, images, numbers of pods."""

from typing import Any

from servegraph.deploy.environment import Environment
from servegraph.deploy.pod import is_ours
from servegraph.errors import ConfigurationError
from servegraph.spec import Container, SeldonDeployment
from servegraph.spec.naming import ENGINE_CONTAINER

_REGISTRIES_OWN = ("models:/", "runs:/")


def place(deployment: SeldonDeployment, environment: Environment) -> SeldonDeployment:
    """A copy with the environment's namespace, labels, annotations, images and replicas.

    Raises:
        ConfigurationError: the environment has a table for a node that is not there, or does not say where the
            pods find the registry that they need.
    """
    _refuse_unknown_nodes(deployment, environment)
    _refuse_without_registry(deployment, environment)
    document = deployment.as_json()
    metadata, spec = document["metadata"], document["spec"]
    if environment.namespace:
        metadata["namespace"] = environment.namespace
    _add(metadata, "labels", environment.labels)
    _add(spec, "annotations", environment.annotations)  # those of the metadata reach no pod
    for predictor in spec["predictors"]:
        _add(predictor, "labels", environment.labels)
        for pod in predictor.get("componentSpecs") or []:
            for container in pod["spec"]["containers"]:
                if is_ours(Container.model_validate(container)):
                    container["image"] = _image(container, environment)
    return SeldonDeployment.read(document)


def scale(document: dict[str, Any], environment: Environment) -> None:
    """Put the number of pods, or who decides it, into a rendered deployment.

    Raises:
        ConfigurationError: a predictor has no componentSpecs, and so no place for an autoscaler.
    """
    spec = document["spec"]
    predictors = spec["predictors"]
    pods = [pod for predictor in predictors for pod in predictor.get("componentSpecs") or []]
    if environment.autoscaled:
        for predictor in predictors:
            if not predictor.get("componentSpecs"):
                raise ConfigurationError(
                    f"predictor {predictor['name']!r} has no componentSpecs, which an autoscaler belongs to",
                    hint="add one with a container of the node's name; a prepackaged server's needs no image",
                )
        for part in (spec, *predictors, *pods):
            part.pop("replicas", None)
        for pod in pods:
            pod.pop("hpaSpec", None)
            pod.pop("kedaSpec", None)
            pod.update(environment.autoscaled)
    elif environment.replicas is not None:
        for pod in pods:
            pod.pop("replicas", None)  # it would win
        for predictor in predictors:
            predictor["replicas"] = environment.replicas


def secret_name(deployment: SeldonDeployment, environment: Environment) -> str | None:
    """The Secret that tells pods where the registry is; the overlay brings one where a URI is all there is to it."""
    if environment.env_secret_ref_name:
        return environment.env_secret_ref_name
    return f"{deployment.name}-registry" if environment.tracking_uri else None


def asks_registry(uri: str | None) -> bool:
    """Whether a `modelUri` is MLflow's, which Seldon's own init container cannot pull."""
    return (uri or "").startswith(_REGISTRIES_OWN)


def _image(container: dict[str, Any], environment: Environment) -> str:
    node = environment.nodes.get(container["name"])
    if node and node.image:
        return node.image
    if environment.image:
        return environment.image
    image = str(container.get("image", ""))
    return f"{environment.registry.rstrip('/')}/{image}" if environment.registry else image


def _add(part: dict[str, Any], key: str, entries: dict[str, str]) -> None:
    if entries:
        part[key] = {**part.get(key, {}), **entries}


def _refuse_unknown_nodes(deployment: SeldonDeployment, environment: Environment) -> None:
    nodes = [unit.name for predictor in deployment.spec.predictors for unit in predictor.graph.walk()]
    known = [*dict.fromkeys(nodes), ENGINE_CONTAINER, deployment.name]
    for name in environment.nodes:
        if name not in known:
            raise ConfigurationError(
                f"the environment has a table for {name!r}, which is no node of {deployment.name!r}",
                hint=f"write nodes.<name> with one of {', '.join(known)}",
            )


def _refuse_without_registry(deployment: SeldonDeployment, environment: Environment) -> None:
    if environment.tracking_uri or environment.env_secret_ref_name:
        return
    for predictor in deployment.spec.predictors:
        for unit in predictor.graph.walk():
            if asks_registry(unit.model_uri) and not unit.env_secret_ref_name:
                raise ConfigurationError(
                    f"node {unit.name!r} has {unit.model_uri}, and nothing tells pods where that registry is",
                    hint="set tracking_uri, or envSecretRefName (a Secret with MLFLOW_TRACKING_URI), "
                    "in the environment's table",
                )
