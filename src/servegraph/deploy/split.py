"""The split form: a container for each node, Seldon's executor in front of them.

The operator pulls a node's artifact with an init container; the image is its program, too, as Seldon's own cannot
read MLflow's URIs. It writes ports and parameters into the environment of the containers, which is why none stand here:
one that is already there costs the container the others.
"""

from typing import Any

from servegraph.deploy import pod as pods
from servegraph.deploy.environment import Environment
from servegraph.deploy.placing import asks_registry, place, scale, secret_name
from servegraph.spec import Container, PredictorSpec, SeldonDeployment
from servegraph.spec.naming import ENGINE_CONTAINER

WAIT_S = 15  # the executor ends what it accepted within so long, and needs its nodes for it
RESOURCES = {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
ENGINE_RESOURCES = {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}


def split(deployment: SeldonDeployment, environment: Environment) -> SeldonDeployment:
    """The deployment as it goes to a cluster with Seldon's operator; `deployment` is pinned.

    Containers that name no class of ours, and what a person wrote into those that do, stay as they are.

    Raises:
        ConfigurationError: the environment does not fit the graph.
    """
    placed = place(deployment, environment)
    document = placed.as_json()
    secret = secret_name(deployment, environment)
    for spec, written in zip(placed.spec.predictors, document["spec"]["predictors"], strict=True):
        for component in written.get("componentSpecs") or []:
            _pod(component["spec"], environment)
        _nodes(written["graph"], spec, secret)
        engine = environment.nodes.get(ENGINE_CONTAINER)
        given = {"resources": engine.resources.as_json()} if engine and engine.resources else {}
        written["svcOrchSpec"] = {"resources": ENGINE_RESOURCES, **written.get("svcOrchSpec", {}), **given}
    scale(document, environment)
    return SeldonDeployment.read(document)


def _pod(pod: dict[str, Any], environment: Environment) -> None:
    if environment.service_account_name:
        pod["serviceAccountName"] = environment.service_account_name
    ours = [item for item in pod["containers"] if pods.is_ours(Container.model_validate(item))]
    for container in ours:
        _container(pod, container, environment)
    if ours:
        pods.fill(pod, {"terminationGracePeriodSeconds": pods.grace_s(WAIT_S)})
    if len(ours) == len(pod["containers"]):  # another's image may need to be root
        pods.fill(pod, {"securityContext": pods.POD_SECURITY})


def _container(pod: dict[str, Any], container: dict[str, Any], environment: Environment) -> None:
    node = environment.nodes.get(container["name"])
    asked = (node and node.resources) or environment.resources
    if asked:
        container["resources"] = asked.as_json()
    _insert(container, "command", ["servegraph", "component"])  # MODEL_NAME says which
    pods.fill(container, {"resources": RESOURCES, **pods.probes("/health/ping", "/health/status", "http")})
    pods.fill(container, {"lifecycle": pods.ending(WAIT_S), "securityContext": pods.SECURITY})
    pods.mount(pod, container, "tmp", "/tmp", {"emptyDir": {}})


def _insert(container: dict[str, Any], key: str, value: Any) -> None:
    """Put a key behind name and image, where people look for it."""
    rest = {other: container.pop(other) for other in list(container) if other not in ("name", "image")}
    container.update({key: value, **rest})


def _nodes(node: dict[str, Any], predictor: PredictorSpec, secret: str | None) -> None:
    container = predictor.container(node["name"])
    uri = node.get("modelUri")
    if uri and container is not None and pods.is_ours(container):
        if asks_registry(uri):
            pods.fill(node, {"storageInitializerImage": container.image})
        if secret:
            pods.fill(node, {"envSecretRefName": secret})
        # For a prepackaged server the operator adds this parameter; for a class of one's own it does not.
        parameters = node.setdefault("parameters", [])
        if all(parameter["name"] != "model_uri" for parameter in parameters):
            parameters.append({"name": "model_uri", "value": pods.MODELS, "type": "STRING"})
    if "children" in node:
        node["children"] = node.pop("children")  # last, behind what is the node's own
        for child in node["children"]:
            _nodes(child, predictor, secret)
