"""What Seldon's operator makes of a deployment, as far as it matters when the deployment changes.

Of a pod's template only what the operator takes from the manifest is kept, by words for people: two templates are the
same when the operator's are. The orchestrator ("engine") carries the whole predictor in its environment, without
traffic, replicas and explainer; that is why nearly every change restarts it.

Source:
    Seldon Core v1's operator, 1.17 and 1.18.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.spec import ComponentSpec, Container, PredictiveUnit, PredictorSpec, SeldonDeployment
from servegraph.spec.defaulting import defaulted
from servegraph.spec.naming import (
    ENGINE_CONTAINER,
    ENGINE_SEPARATE_POD,
    NO_ENGINE,
    WITHOUT_SERVICE,
    container_service,
    deployment_name,
    explainer_name,
    orchestrator_deployment,
    predictor_service,
    seldon_id,
)

ENGINE_PREDICTOR = "ENGINE_PREDICTOR"
_ARGUMENTS = ("seldon.io/executor-logger-queue-size", "seldon.io/executor-logger-write-timeout-ms")
_HEADLESS = "seldon.io/headless-svc"
_ROUTING = ("seldon.io/istio-", "seldon.io/ambassador-")
_TYPES = ("MODEL", "ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER")  # those with a label of their own


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment.

    Attributes:
        nodes: the nodes whose containers it has.
        template: what its pods are made of; a difference is a rolling update.
        selector: cannot be changed by Kubernetes.
        replicas: what is said; None leaves it to what is there, and an autoscaler decides whatever is said.
        scaler: the kind of its autoscaler, or nothing.
    """

    name: str
    predictor: str
    nodes: tuple[PredictiveUnit, ...]
    selector: Mapping[str, str]
    template: Mapping[str, Any]
    replicas: int | None
    scaler: str = ""
    has_engine: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    selector: Mapping[str, str]
    rest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Objects:
    """All of them; `scalers` are autoscalers and budgets by kind and name, `routes` what a gateway is told."""

    workloads: Mapping[str, Workload]
    services: Mapping[str, Service]
    scalers: Mapping[tuple[str, str], Any]
    routes: Mapping[str, Any]
    gateway_name: str


def objects(deployment: SeldonDeployment) -> Objects:
    """What the operator would make."""
    seen = defaulted(deployment).deployment
    makers = [_Maker(seen, predictor) for predictor in seen.spec.predictors]
    workloads = [workload for maker in makers for workload in maker.workloads()]
    services = [service for maker in makers for service in maker.services()]
    return Objects(
        {workload.name: workload for workload in workloads},
        {service.name: service for service in services},
        {key: value for maker in makers for key, value in maker.scalers()},
        _routes(seen),
        seldon_id(seen.name),
    )


def _routes(deployment: SeldonDeployment) -> dict[str, Any]:
    both = {**deployment.metadata.annotations, **deployment.spec.annotations}
    said: dict[str, Any] = {key: value for key, value in both.items() if key.startswith(_ROUTING)}
    for predictor in deployment.spec.predictors:
        kind = "shadow" if predictor.shadow else "weight"
        said[f"{kind} of {predictor.name}"] = predictor.traffic or 0
    return said


class _Maker:
    """Makes the objects of one predictor, defaults filled in."""

    def __init__(self, deployment: SeldonDeployment, predictor: PredictorSpec) -> None:
        self._deployment = deployment
        self._spec = deployment.spec
        self._predictor = predictor
        self._units = {unit.name: unit for unit in predictor.graph.walk()}
        self._key = predictor_service(deployment.name, predictor.name, predictor.annotations)
        self._without_engine = predictor.annotations.get(NO_ENGINE) == "true"
        is_separate = self._spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true"
        self._separate = is_separate and not self._without_engine

    def workloads(self) -> Iterator[Workload]:
        for index, pod in enumerate(self._predictor.component_specs or []):
            if pod.spec.containers:
                yield self._pod(index, pod)
        if self._separate:
            yield self._engine()
        if self._predictor.has_explainer:
            yield self._explainer()

    def services(self) -> Iterator[Service]:
        rest = self._service_rest()
        front = rest | ({"ports": self._ports(self._predictor.graph)} if self._without_engine else {})
        yield Service(self._key, {"seldon-app": self._key}, front)
        for container in self._predictor.containers():
            unit = self._units.get(container.name)
            if unit is not None and container.name not in WITHOUT_SERVICE:
                name = container_service(self._deployment.name, self._predictor.name, container.name)
                selector = {f"seldon-app-svc-{container.name}": name}
                yield Service(name, selector, {**rest, "ports": self._ports(unit), "type": self._type(unit)})
        if self._predictor.has_explainer:
            name = explainer_name(self._deployment.name, self._predictor.name)
            yield Service(name, {}, {})

    def scalers(self) -> Iterator[tuple[tuple[str, str], Any]]:
        for index, pod in enumerate(self._predictor.component_specs or []):
            kinds = (
                ("ScaledObject", pod.keda_spec),
                ("HorizontalPodAutoscaler", None if pod.keda_spec else pod.hpa_spec),
                ("PodDisruptionBudget", pod.pdb_spec),
            )
            for kind, said in kinds:
                if said is not None and pod.spec.containers:
                    yield (kind, self._name(index, pod)), said.as_json()

    def _name(self, index: int, pod: ComponentSpec) -> str:
        names = [container.name for container in pod.spec.containers]
        return deployment_name(self._deployment.name, self._predictor.name, index, pod.metadata.name or names)

    def _pod(self, index: int, pod: ComponentSpec) -> Workload:
        units = tuple(self._units[each.name] for each in pod.spec.containers if each.name in self._units)
        holds_engine = index == 0 and bool(units) and not self._separate
        selector = self._selector(units, is_front=holds_engine)
        template = {**self._template(pod, units), **(self._engine_template() if holds_engine else {})}
        scaler = "KEDA" if pod.keda_spec else "HPA" if pod.hpa_spec else ""
        replicas = _first(pod.replicas, self._predictor.replicas, self._spec.replicas)
        engine = holds_engine and not self._without_engine
        name = self._name(index, pod)
        return Workload(name, self._predictor.name, units, selector, template, replicas, scaler, engine)

    def _selector(self, units: tuple[PredictiveUnit, ...], is_front: bool) -> dict[str, str]:
        selector = {"seldon-deployment-id": seldon_id(self._deployment.name)}
        for unit in units:
            if unit.name not in WITHOUT_SERVICE:
                service = container_service(self._deployment.name, self._predictor.name, unit.name)
                selector[f"seldon-app-svc-{unit.name}"] = service
        return selector | ({"seldon-app": self._key} if is_front else {})

    def _template(self, pod: ComponentSpec, units: tuple[PredictiveUnit, ...]) -> dict[str, Any]:
        document = pod.as_json()
        spec = dict(document.get("spec", {}))
        spec.pop("containers", None)
        said = {f"{key} of the pod": value for key, value in spec.items()}
        said |= self._metadata(pod)
        for container in pod.spec.containers:
            said |= _container(container)
        for unit in units:
            said |= self._unit(unit)
        if units:
            said["transport"] = self._spec.transport or "rest"
            said["protocol of the servers"] = self._spec.protocol if any(unit.is_server for unit in units) else ""
        if self._predictor.ssl and self._predictor.graph in units:
            said["ssl"] = self._predictor.ssl.as_json()
        return said

    def _metadata(self, pod: ComponentSpec) -> dict[str, Any]:
        annotations = {**self._spec.annotations, **self._predictor.annotations, **pod.metadata.annotations}
        labels = {**self._predictor.labels, **pod.metadata.labels}
        shadow = {"shadow": True} if self._predictor.shadow else {}
        return {
            **{f"annotation {key}": value for key, value in annotations.items()},
            **{f"label {key}": value for key, value in labels.items()},
            **shadow,
        }

    def _unit(self, unit: PredictiveUnit) -> dict[str, Any]:
        """What of a node its pod is told, and what loads its model."""
        document = unit.as_json()
        keys = ("parameters", "modelUri", "serviceAccountName", "envSecretRefName", "storageInitializerImage")
        said = {f"{key} of {unit.name}": document[key] for key in keys if document.get(key)}
        said[f"ports of {unit.name}"] = self._ports(unit)
        said[f"type of {unit.name}"] = self._type(unit)
        return said

    def _ports(self, unit: PredictiveUnit) -> Any:
        endpoint = unit.endpoint or {}
        return [endpoint.get(key) for key in ("service_port", "httpPort", "grpcPort")]

    def _type(self, unit: PredictiveUnit) -> str:
        return str(unit.type) if unit.type in _TYPES else ""

    def _engine_template(self) -> dict[str, Any]:
        if self._without_engine:
            return {}
        carried = self._predictor.as_json()
        for key in ("traffic", "replicas", "explainer"):
            carried.pop(key, None)
        both = {**self._deployment.metadata.annotations, **self._spec.annotations}
        arguments = {key: both[key] for key in _ARGUMENTS if key in both}
        return {
            ENGINE_PREDICTOR: carried,
            "protocol": self._spec.protocol or "seldon",
            "transport": self._spec.transport or "rest",
            "serverType": self._spec.server_type or "rpc",
            **{f"annotation {key}": value for key, value in arguments.items()},
        }

    def _engine(self) -> Workload:
        """The orchestrator in a pod of its own."""
        spec = self._predictor.svc_orch_spec
        name = orchestrator_deployment(self._deployment.name, self._predictor.name)
        replicas = _first(spec.replicas, self._predictor.replicas, self._spec.replicas)
        annotations = {**self._spec.annotations, **self._predictor.annotations}
        said = {**self._engine_template(), **{f"annotation {key}": value for key, value in annotations.items()}}
        return Workload(name, self._predictor.name, (), {"seldon-app": self._key}, said, replicas, has_engine=True)

    def _explainer(self) -> Workload:
        explainer = self._predictor.explainer
        document = explainer.as_json() if explainer else {}
        replicas = document.pop("replicas", None)
        told = {"explainer": document, "root node": self._predictor.graph.name, "protocol": self._spec.protocol}
        name = explainer_name(self._deployment.name, self._predictor.name)
        return Workload(name, self._predictor.name, (), {}, {**told, "transport": self._spec.transport}, replicas)

    def _service_rest(self) -> dict[str, Any]:
        both = {**self._deployment.metadata.annotations, **self._spec.annotations}
        annotations = {f"annotation {key}": value for key, value in self._predictor.annotations.items()}
        return {**annotations, "headless": both.get(_HEADLESS, "false") != "false"}


def _container(container: Container) -> dict[str, Any]:
    document = container.as_json()
    name = document.pop("name")
    reserved = name == ENGINE_CONTAINER
    return {} if reserved else {f"container {name}": True, **{f"{k} of {name}": v for k, v in document.items()}}


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
