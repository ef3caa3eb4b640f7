"""SG332, SG376, SG377: probes that kill what they should watch, or are not those that were written."""

from collections.abc import Iterator, Mapping
from typing import Any

from servegraph.check.behaviour.free_values import extra, mapping, whole
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec.servers import SELDON, V2

MLFLOW_START_S = 300  # creating a conda environment takes minutes
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@rule("SG332", Level.WARNING, "A server that is killed before it has started", cluster_only=True)
def slow_starts(subject: Subject) -> Iterator[Found]:
    """With the seldon protocol MLFLOW_SERVER creates the model's conda environment at every start of its container,
    which takes minutes. The liveness probe that the operator sets gives up after 75 seconds, Kubernetes kills the
    container, and it starts again, for ever. A container of the node's name in componentSpecs can bring probes with
    more patience."""
    for _, node in subject.nodes:
        own_image = node.container is not None and node.container.spec.image != ""
        if node.unit.implementation == "MLFLOW_SERVER" and subject.protocol == SELDON and not own_image:
            patience = _patience(node)
            if patience < MLFLOW_START_S:
                message = f"node {node.unit.name!r}: the liveness probe of MLFLOW_SERVER gives up after {patience} s"
                help_ = "give its container a livenessProbe with a failureThreshold for some minutes"
                note = "it builds the model's conda environment at each start"
                yield Found((*node.place, "implementation"), message, help_, note)


def _patience(node: Node) -> int:
    """Seconds until the container is killed if it never answers."""
    container = node.container
    liveness = mapping(extra(container.spec, "livenessProbe")) if container else {}
    startup = mapping(extra(container.spec, "startupProbe")) if container else {}
    alive = _seconds(liveness) if liveness else 75  # the operator's: 60 s, then 3 times after 5 s
    return alive + (_seconds(startup) if startup else 0)


def _seconds(probe: Mapping[str, Any]) -> int:
    """With Kubernetes' own defaults."""
    numbers = [whole(probe.get(key)) for key in ("initialDelaySeconds", "periodSeconds", "failureThreshold")]
    first, each, times = (default if n is None else n for n, default in zip(numbers, (0, 10, 3), strict=True))
    return first + each * times


@rule("SG376", Level.ERROR, "A probe of a port that does not exist", cluster_only=True)
def probe_ports(subject: Subject) -> Iterator[Found]:
    """A probe can name a port of its container. A node's container has `http`, `grpc` and `metrics` without declaring
    them, a helper has what it declares. With any other name the probe fails each time: a readiness probe keeps the
    pod out for ever, a liveness probe has it restarted again and again."""
    for container in subject.containers:
        known = {str(port.get("name")) for port in container.spec.ports}
        if any(node.container is container for _, node in subject.nodes):
            known |= {"http", "grpc", "metrics"}
        for probe in _PROBES:
            said = mapping(extra(container.spec, probe))
            for kind in ("httpGet", "tcpSocket"):
                port = mapping(said.get(kind)).get("port")
                if isinstance(port, str) and not port.isdecimal() and port not in known:
                    place = (*container.place, probe, kind, "port")
                    message = f"{probe} of container {container.spec.name!r} asks the port {port!r}, which is not there"
                    yield Found(place, message, "declare it in ports, or name another")


@rule("SG377", Level.NOTE, "A probe that is replaced", cluster_only=True)
def replaced_probes(subject: Subject) -> Iterator[Found]:
    """With the v2 protocol the operator replaces what the probes of a prepackaged server's container ask by GET
    /v2/health/ready and /v2/health/live on the port http. Their timings are kept."""
    if subject.protocol != V2:
        return
    for _, node in subject.nodes:
        for probe in _PROBES[:2] if node.unit.is_server and node.container else ():
            said = mapping(extra(node.container.spec, probe)) if node.container else {}
            handler = next((kind for kind in ("httpGet", "tcpSocket", "exec", "grpc") if said.get(kind)), "")
            path = str(mapping(said.get("httpGet")).get("path", ""))
            if node.container and handler and not path.startswith("/v2/health/"):
                message = f"what {probe} of node {node.unit.name!r} asks is replaced with the v2 protocol"
                yield Found((*node.container.place, probe, handler), message, "keep its timings alone", at_key=True)


RULES = (slow_starts, probe_ports, replaced_probes)
