"""The fused form: the whole graph in one container, which Kubernetes sees as one model without an orchestrator.

The container runs `servegraph run` on the pinned graph, which comes as a ConfigMap named after its content: another
version is another name, so the pods are replaced, and a rollback finds the old one.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from servegraph.deploy import pod as pods
from servegraph.deploy.environment import Environment
from servegraph.deploy.placing import place, scale, secret_name
from servegraph.errors import ConfigurationError
from servegraph.spec import ComponentSpec, PredictorSpec, SeldonDeployment, dump
from servegraph.spec.naming import NO_ENGINE

WAIT_S = 10  # Services and gateways take a moment to forget a pod
RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
FOLDER = "/etc/servegraph"
FILE = "graph.yaml"
_ADDRESS = ("--host", "0.0.0.0", "--http-port", str(pods.PORT), "--grpc-port", str(pods.GRPC_PORT))
LONGEST_CONTAINER = 48  # longer ones break the operator's label `seldon-app-svc-<container>`


@dataclass(frozen=True, slots=True)
class Fused:
    """The deployment, and the ConfigMaps that its pods mount."""

    deployment: SeldonDeployment
    graphs: list[dict[str, Any]]


def fuse(deployment: SeldonDeployment, environment: Environment) -> Fused:
    """The deployment as it goes to a cluster with Seldon's operator; `deployment` is pinned.

    Raises:
        ConfigurationError: the environment does not fit the graph, or a node needs another image.
    """
    placed = place(deployment, environment)
    document = placed.as_json()
    graphs = []
    for spec, written in zip(placed.spec.predictors, document["spec"]["predictors"], strict=True):
        graph = _graph(placed, spec)
        graphs.append(graph)
        _predictor(placed, spec, written, environment, graph["metadata"]["name"])
    scale(document, environment)
    return Fused(SeldonDeployment.read(document), graphs)


def _predictor(
    deployment: SeldonDeployment, spec: PredictorSpec, written: dict[str, Any], environment: Environment, graph: str
) -> None:
    name = deployment.name[:LONGEST_CONTAINER].rstrip("-")
    pod = _pod(name, _image(spec, environment), graph, environment, secret_name(deployment, environment))
    first = spec.component_specs[0] if spec.component_specs else ComponentSpec()
    kept = {key: value for key, value in first.as_json().items() if key not in ("metadata", "spec")}
    written["graph"] = {"name": name, "type": "MODEL"}
    written["componentSpecs"] = [{"spec": pod, **kept}]
    written["annotations"] = {**written.get("annotations", {}), NO_ENGINE: "true"}
    written.pop("svcOrchSpec", None)


def _pod(name: str, image: str, graph: str, environment: Environment, secret: str | None) -> dict[str, Any]:
    table = environment.nodes.get(name)
    asked = (table and table.resources) or environment.resources
    container: dict[str, Any] = {
        "name": name,
        "image": image,
        "command": ["servegraph", "run", f"{FOLDER}/{FILE}", *_ADDRESS],
        # `http` has the number of `metrics`, which the resource forbids and a pod allows: the operator adds it.
        "ports": [
            {"name": "metrics", "containerPort": pods.PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": pods.GRPC_PORT, "protocol": "TCP"},
        ],
        **({"envFrom": [{"secretRef": {"name": secret}}]} if secret else {}),
        "resources": asked.as_json() if asked else RESOURCES,
        **pods.probes("/live", "/ready", pods.PORT),
        "lifecycle": pods.ending(WAIT_S),
        "securityContext": pods.SECURITY,
    }
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": pods.grace_s(WAIT_S),
        "securityContext": pods.POD_SECURITY,
        "containers": [container],
    }
    if environment.service_account_name:
        pod["serviceAccountName"] = environment.service_account_name
    pods.mount(pod, container, "tmp", "/tmp", {"emptyDir": {}})
    pods.mount(pod, container, "state", f"{pods.HOME}/.servegraph", {"emptyDir": {}})
    pods.mount(pod, container, "graph", FOLDER, {"configMap": {"name": graph}})
    return pod


def _graph(deployment: SeldonDeployment, predictor: PredictorSpec) -> dict[str, Any]:
    """What the container serves: this predictor alone. The number of pods is not in it, so scaling restarts none."""
    served = predictor.as_json()
    for key in ("replicas", "traffic", "shadow", "explainer"):
        served.pop(key, None)
    for pod in served.get("componentSpecs") or []:
        for key in ("replicas", "hpaSpec", "kedaSpec", "pdbSpec"):
            pod.pop(key, None)
    document = deployment.as_json()
    document["spec"] = {**document["spec"], "predictors": [served]}
    document["spec"].pop("replicas", None)
    text = dump(SeldonDeployment.read(document))
    name = f"{deployment.name}-{predictor.name}-graph-{sha256(text.encode()).hexdigest()[:10]}"
    metadata = {key: value for key, value in document["metadata"].items() if key in ("namespace", "labels")}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {FILE: text}}


def _image(predictor: PredictorSpec, environment: Environment) -> str:
    """The one image of all nodes."""
    for container in predictor.containers():
        if container.image and not pods.is_ours(container):
            raise ConfigurationError(
                f"container {container.name!r} runs {container.image}, which has to be a container of its own",
                hint="render with --form split",
            )
    images = {container.image for container in predictor.containers() if container.image}
    images = images or ({environment.image} if environment.image else set())
    if len(images) != 1:
        raise ConfigurationError(
            f"the nodes of predictor {predictor.name!r} name {len(images)} images; one container has one",
            hint="set image in the environment's table, or render with --form split",
        )
    return images.pop()
