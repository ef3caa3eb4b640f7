"""The names of the objects that Seldon's operator makes from a SeldonDeployment, and where each comes from.

A name of more than 63 characters is replaced by `seldon-` and the md5 of the whole name: it works, and nobody
recognises it. What the operator does not check (a letter first, no dots, no underscores) is for rules to say.

Source:
    Seldon Core v1's operator, 1.17 and 1.18: observed names, long ones included.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5

from servegraph.spec.deployment import SeldonDeployment
from servegraph.spec.pod import ComponentSpec
from servegraph.spec.predictor import PredictorSpec
from servegraph.spec.source import Place
from servegraph.spec.unit import PredictiveUnit

MAX_NAME = 63  # of a label value and of a Service, Kubernetes' own
SVC_NAME = "seldon.io/svc-name"
NO_ENGINE = "seldon.io/no-engine"
ENGINE_SEPARATE_POD = "seldon.io/engine-separate-pod"
ENGINE_CONTAINER = "seldon-container-engine"
WITHOUT_SERVICE = frozenset((ENGINE_CONTAINER, "tfserving"))  # reserved container names


def seldon_id(sdep: str) -> str:
    """The value of the label `seldon-deployment-id`, and the name of the VirtualService."""
    return _shortened(sdep)


def deployment_name(sdep: str, predictor: str, index: int, pod: str | Sequence[str], as_prefix: bool = False) -> str:
    """The Deployment of the pod at `index`; its autoscaler and its disruption budget are called the same.

    Args:
        pod: the name in the pod's metadata, or else the names of its containers, without the orchestrator.
        as_prefix: the operator's DEPLOYMENT_NAME_AS_PREFIX, which keeps the name of the SeldonDeployment.
    """
    full = _pod_name(sdep, predictor, index, pod)
    prefixed = f"{sdep}-{_digest(full)}"
    return prefixed if as_prefix and len(full) > MAX_NAME >= len(prefixed) else _shortened(full)


def predictor_service(sdep: str, predictor: str, annotations: Mapping[str, str]) -> str:
    """The Service of a predictor; a name in the predictor's annotations is taken as it is, however long."""
    return annotations.get(SVC_NAME) or _shortened(f"{sdep}-{predictor}")


def container_service(sdep: str, predictor: str, container: str) -> str:
    """The Service of a node's container."""
    return _shortened(f"{sdep}-{predictor}-{container}")


def orchestrator_deployment(sdep: str, predictor: str) -> str:
    """The Deployment of an orchestrator in a pod of its own."""
    return _shortened(f"{sdep}-{predictor}-svc-orch")


def explainer_name(sdep: str, predictor: str) -> str:
    """The Deployment and the Service of an explainer."""
    return _shortened(f"{sdep}-{predictor}-explainer")


def _pod_name(sdep: str, predictor: str, index: int, pod: str | Sequence[str]) -> str:
    return f"{sdep}-{predictor}-{index}-{pod if isinstance(pod, str) else '-'.join(pod)}"


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"seldon-{_digest(name)}"


def _digest(name: str) -> str:
    return md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class GeneratedName:
    """An object that the operator makes.

    Attributes:
        kind: Kubernetes' kind, e.g. `Deployment`.
        name: as the object is called.
        full_name: as it would be called without the limit of 63 characters.
        path: where in the document the last part of the name stands, or that which it is made of.
    """

    kind: str
    name: str
    full_name: str
    path: Place

    @property
    def is_shortened(self) -> bool:
        return self.name != self.full_name


def generated_names(deployment: SeldonDeployment) -> list[GeneratedName]:
    """All objects made from a SeldonDeployment, without those of a gateway (Istio, Ambassador)."""
    separate = deployment.spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true"
    found: list[GeneratedName] = []
    for index, predictor in enumerate(deployment.spec.predictors):
        path: Place = ("spec", "predictors", index)
        found += _of_pods(deployment.name, predictor, path)
        found += _of_containers(deployment.name, predictor, path)
        found += _of_predictor(deployment.name, predictor, path, separate)
    return found


def _of_pods(sdep: str, predictor: PredictorSpec, path: Place) -> Iterator[GeneratedName]:
    pods = predictor.component_specs or []
    for index, names in enumerate(pod_containers(predictor)):
        pod = pods[index] if pods else ComponentSpec()
        where = (*path, "componentSpecs", index) if pods else (*path, "graph", "name")
        title = pod.metadata.name
        full = _pod_name(sdep, predictor.name, index, title or names)
        for kind in _kinds(pod) if names else ():
            yield GeneratedName(kind, _shortened(full), full, (*where, "metadata", "name") if title else where)


def _kinds(pod: ComponentSpec) -> Iterator[str]:
    """The objects of one pod, all of one name; of two autoscalers KEDA's is made."""
    yield "Deployment"
    if pod.keda_spec:
        yield "ScaledObject"
    elif pod.hpa_spec:
        yield "HorizontalPodAutoscaler"
    if pod.pdb_spec:
        yield "PodDisruptionBudget"


def _of_containers(sdep: str, predictor: PredictorSpec, path: Place) -> Iterator[GeneratedName]:
    nodes = dict(node_paths(predictor.graph, (*path, "graph")))
    places = [
        (container.name, (*path, "componentSpecs", pod, "spec", "containers", index, "name"))
        for pod, component in enumerate(predictor.component_specs or [])
        for index, container in enumerate(component.spec.containers)
    ]
    places += [(name, (*nodes[name], "name")) for name in _servers_without_container(predictor)]
    for name, where in places:
        if name in nodes and name not in WITHOUT_SERVICE:
            full = f"{sdep}-{predictor.name}-{name}"
            yield GeneratedName("Service", _shortened(full), full, where)


def _of_predictor(sdep: str, predictor: PredictorSpec, path: Place, separate: bool) -> Iterator[GeneratedName]:
    base, where = f"{sdep}-{predictor.name}", (*path, "name")
    if custom := predictor.annotations.get(SVC_NAME):
        yield GeneratedName("Service", custom, custom, (*path, "annotations", SVC_NAME))
    else:
        yield GeneratedName("Service", _shortened(base), base, where)
    if separate and predictor.annotations.get(NO_ENGINE) != "true":
        yield GeneratedName("Deployment", _shortened(f"{base}-svc-orch"), f"{base}-svc-orch", where)
    if predictor.has_explainer:
        for kind in ("Deployment", "Service"):
            yield GeneratedName(kind, _shortened(f"{base}-explainer"), f"{base}-explainer", where)


def pod_containers(predictor: PredictorSpec) -> list[list[str]]:
    """The containers of each pod by name: those written there; the first also gets the servers that have none."""
    pods = [[container.name for container in pod.spec.containers] for pod in predictor.component_specs or []]
    servers = _servers_without_container(predictor)
    if servers:
        pods = pods or [[]]
        pods[0] += servers
    return pods


def _servers_without_container(predictor: PredictorSpec) -> list[str]:
    written = {container.name for container in predictor.containers()}
    servers = (unit.name for unit in predictor.graph.walk() if unit.is_server)
    return list(dict.fromkeys(name for name in servers if name not in written))


def node_paths(unit: PredictiveUnit, path: Place) -> Iterator[tuple[str, Place]]:
    """The names of a graph's nodes and where they stand; `path` is that of `unit`."""
    yield unit.name, path
    for index, child in enumerate(unit.children):
        yield from node_paths(child, (*path, "children", index))
