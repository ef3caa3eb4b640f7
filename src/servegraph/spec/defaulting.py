"""What Seldon's operator fills into a SeldonDeployment before it makes anything of it.

The operator does so in memory, at each turn; the stored object stays as it was written. Ports are counted over all
predictors: a container of the same name in another predictor has the same ones.

Source:
    Seldon Core v1's operator, 1.17 and 1.18, with the ports that it has without configuration.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from servegraph.spec.deployment import SeldonDeployment
from servegraph.spec.naming import ENGINE_SEPARATE_POD, container_service
from servegraph.spec.servers import TENSORFLOW, server_image
from servegraph.spec.source import Place
from servegraph.spec.unit import Implementation, PredictiveUnit, UnitType

FIRST_HTTP_PORT, FIRST_GRPC_PORT, FIRST_METRICS_PORT = 9000, 9500, 6000
PODINFO_MOUNT = {"name": "seldon-podinfo", "mountPath": "/etc/podinfo"}
_OLD_PODINFO = "podinfo"
_CONTAINER = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """One value that the operator writes: where, what, and why. An appended container is one, too."""

    path: Place
    value: Any
    why: str


@dataclass(frozen=True, slots=True)
class Defaulted:
    deployment: SeldonDeployment
    filled: list[Filled]


def defaulted(deployment: SeldonDeployment, namespace: str | None = None) -> Defaulted:
    """A copy as the operator sees it, and what was filled in, in the operator's order.

    Args:
        namespace: that of the object; by default the one it names, or `default`.
    """
    document = deployment.as_json()
    filling = _Filling(deployment, namespace or deployment.namespace)
    for index, written in enumerate(document["spec"]["predictors"]):
        filling.predictor(index, written)
    return Defaulted(SeldonDeployment.read(document), filling.filled)


@dataclass(frozen=True, slots=True)
class _Node:
    unit: PredictiveUnit
    written: dict[str, Any]
    path: Place


@dataclass(slots=True)
class _Ports:
    """Numbers by container name, counted from the first."""

    first: int
    _given: dict[str, int] = field(default_factory=dict)

    def of(self, container: str) -> int:
        return self._given.setdefault(container, self.first + len(self._given))


class _Filling:
    """Fills a document predictor by predictor, and remembers what it filled."""

    def __init__(self, deployment: SeldonDeployment, namespace: str) -> None:
        spec = deployment.spec
        self.filled: list[Filled] = []
        self._deployment = deployment
        self._namespace = namespace
        self._separate = spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true"
        self._http, self._grpc = _Ports(FIRST_HTTP_PORT), _Ports(FIRST_GRPC_PORT)
        self._next_metrics = FIRST_METRICS_PORT

    def predictor(self, index: int, written: dict[str, Any]) -> None:
        predictor = self._deployment.spec.predictors[index]
        path: Place = ("spec", "predictors", index)
        labels = _inside(written, "labels")
        self._fill(labels, "version", predictor.name, (*path, "labels"), "the version of a predictor is its name")
        nodes = list(_nodes(predictor.graph, written["graph"], (*path, "graph")))
        for node in nodes:
            self._node(node)
        by_name = {node.unit.name: node for node in reversed(nodes)}
        for number, pod in enumerate(written.get("componentSpecs") or []):
            place = (*path, "componentSpecs", number, "spec", "containers")
            for position, container in enumerate((pod.get("spec") or {}).get("containers") or []):
                found = by_name.get(container["name"])
                self._container(predictor.name, number, container, found, (*place, position))
        for node in nodes:
            if node.unit.is_server:
                self._server(predictor.name, written, node, path)

    def _node(self, node: _Node) -> None:
        unit = node.unit
        if unit.is_server:
            self._put(node.written, "type", UnitType.MODEL.value, node.path, "a prepackaged server is a model")
        elif not (unit.type or unit.methods or unit.implementation):
            why = "a node without type, methods and implementation is a model"
            self._put(node.written, "type", UnitType.MODEL.value, node.path, why)
        unknown = Implementation.UNKNOWN_IMPLEMENTATION.value
        self._fill(node.written, "implementation", unknown, node.path, "its container implements the node")

    def _container(self, predictor: str, pod: int, container: dict[str, Any], node: _Node | None, path: Place) -> None:
        """The defaults of a container; of one that is no node, only its ports are counted."""
        name = container["name"]
        http, grpc = self._http.of(name), self._grpc.of(name)
        if node is None:
            return
        for key, value in _CONTAINER.items():
            self._fill(container, key, value, path, "Kubernetes' own default")
        self._podinfo(container, path)
        self._metrics(container, path)
        http, grpc = _declared(container["ports"], "http", http), _declared(container["ports"], "grpc", grpc)
        self._endpoint(node, self._host(predictor, pod, name), http, grpc)

    def _podinfo(self, container: dict[str, Any], path: Place) -> None:
        mounts = [mount for mount in container.get("volumeMounts") or [] if mount.get("name") != _OLD_PODINFO]
        if all(mount.get("name") != PODINFO_MOUNT["name"] for mount in mounts):
            mounts.append(dict(PODINFO_MOUNT))
            place = (*path, "volumeMounts", len(mounts) - 1)
            self.filled.append(Filled(place, dict(PODINFO_MOUNT), "annotations are read from a file there"))
        container["volumeMounts"] = mounts

    def _metrics(self, container: dict[str, Any], path: Place) -> None:
        ports = container["ports"] = container.get("ports") or []
        if all(port.get("name") != "metrics" for port in ports):
            port = {"name": "metrics", "containerPort": self._next_metrics, "protocol": "TCP"}
            self._next_metrics += 1
            ports.append(port)
            place = (*path, "ports", len(ports) - 1)
            self.filled.append(Filled(place, dict(port), "Prometheus finds the container by a port of this name"))

    def _host(self, predictor: str, pod: int, container: str) -> str:
        if pod == 0 and not self._separate:
            return "localhost"
        service = container_service(self._deployment.name, predictor, container)
        return f"{service}.{self._namespace}.svc.cluster.local"

    def _endpoint(self, node: _Node, host: str, http: int, grpc: int) -> None:
        endpoint, path = _inside(node.written, "endpoint"), (*node.path, "endpoint")
        is_grpc = endpoint.get("type") == "GRPC" or self._deployment.spec.transport == "grpc"
        reached = "the orchestrator is in the same pod" if host == "localhost" else "the Service of its container"
        self._put(endpoint, "service_host", host, path, reached)
        self._put(endpoint, "service_port", grpc if is_grpc else http, path, "the port of the transport")
        self._put(endpoint, "httpPort", http, path, "the port of its container for REST")
        self._put(endpoint, "grpcPort", grpc, path, "the port of its container for gRPC")

    def _server(self, predictor: str, written: dict[str, Any], node: _Node, path: Place) -> None:
        """A container for a prepackaged server that has none; for one without an image, the server's."""
        protocol = self._deployment.spec.protocol
        image = None if protocol == TENSORFLOW else server_image(str(node.unit.implementation), protocol)
        why = f"{node.unit.implementation} with protocol {protocol or 'seldon'}"
        for number, pod in enumerate(written.get("componentSpecs") or []):
            for position, container in enumerate((pod.get("spec") or {}).get("containers") or []):
                if container["name"] == node.unit.name:
                    place = (*path, "componentSpecs", number, "spec", "containers", position)
                    if image and not container.get("image"):
                        self._put(container, "image", image, place, why)
                    return
        written["componentSpecs"] = written.get("componentSpecs") or [{}]
        pod = _inside(written["componentSpecs"][0], "spec")
        containers = pod["containers"] = pod.get("containers") or []
        container = {"name": node.unit.name} | ({"image": image} if image else {})
        place = (*path, "componentSpecs", 0, "spec", "containers", len(containers))
        containers.append(container)
        self.filled.append(Filled(place, dict(container), f"the container of {why}"))
        self._container(predictor, 0, container, node, place)

    def _fill(self, holder: dict[str, Any], key: str, value: Any, path: Place, why: str) -> None:
        """Write a value where there is none."""
        if not holder.get(key):
            self._put(holder, key, value, path, why)

    def _put(self, holder: dict[str, Any], key: str, value: Any, path: Place, why: str) -> None:
        """Write a value, whatever stands there."""
        if holder.get(key) != value:
            holder[key] = value
            self.filled.append(Filled((*path, key), value, why))


def _nodes(unit: PredictiveUnit, written: dict[str, Any], path: Place) -> Iterator[_Node]:
    yield _Node(unit, written, path)
    for index, child in enumerate(unit.children):
        yield from _nodes(child, written["children"][index], (*path, "children", index))


def _declared(ports: list[dict[str, Any]], name: str, otherwise: int) -> int:
    return next(
        (port["containerPort"] for port in ports if port.get("name") == name and "containerPort" in port), otherwise
    )


def _inside(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """The mapping below a key, made if it is not there."""
    if not isinstance(holder.get(key), Mapping):
        holder[key] = {}
    inside: dict[str, Any] = holder[key]
    return inside
