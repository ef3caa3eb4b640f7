"""What the rules look at: one object of a file, typed, with the place of every part at hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from servegraph.spec import Container, PredictiveUnit, PredictorSpec, SeldonDeployment
from servegraph.spec.pod import ComponentSpec
from servegraph.spec.source import Document, Place


@dataclass(frozen=True, slots=True)
class Pod:
    """A componentSpec."""

    place: Place
    index: int
    spec: ComponentSpec


@dataclass(frozen=True, slots=True)
class PlacedContainer:
    """A container of a pod."""

    place: Place
    pod: Pod
    spec: Container


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a predictor's graph, with its container if it has one.

    Attributes:
        level: 1 for the root.
    """

    place: Place
    unit: PredictiveUnit
    level: int
    parent: "Node | None"
    container: PlacedContainer | None


@dataclass(frozen=True, slots=True)
class Predictor:
    """A predictor with its nodes (depth first), pods and containers."""

    place: Place
    index: int
    spec: PredictorSpec
    nodes: Sequence[Node]
    pods: Sequence[Pod]
    containers: Sequence[PlacedContainer]

    @property
    def root(self) -> Node:
        return self.nodes[0]


@dataclass(frozen=True)
class Subject:
    """One SeldonDeployment of a file.

    Attributes:
        document: as written; what is missing or wrong in it may be absent from `deployment`.
        servers: prepackaged servers that the cluster knows beside Seldon's own.
    """

    document: Document
    deployment: SeldonDeployment
    servers: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def predictors(self) -> Sequence[Predictor]:
        """All predictors in order."""
        return [_predictor(index, spec) for index, spec in enumerate(self.deployment.spec.predictors)]

    @cached_property
    def nodes(self) -> Sequence[tuple[Predictor, Node]]:
        """All nodes of all predictors."""
        return [(predictor, node) for predictor in self.predictors for node in predictor.nodes]

    @cached_property
    def containers(self) -> Sequence[PlacedContainer]:
        """All containers of all predictors' pods."""
        return [container for predictor in self.predictors for container in predictor.containers]

    @property
    def protocol(self) -> str:
        """seldon, v2 or tensorflow, or whatever else is written."""
        said = self.deployment.spec.protocol or "seldon"
        return "v2" if said == "kfserving" else said

    def annotation(self, key: str) -> tuple[Place, str] | None:
        """An annotation where the operator looks it up: that of the spec, else that of the metadata."""
        levels: Sequence[tuple[Place, Mapping[str, str]]] = (
            (("spec", "annotations"), self.deployment.spec.annotations),
            (("metadata", "annotations"), self.deployment.metadata.annotations),
        )
        return next((((*place, key), said[key]) for place, said in levels if key in said), None)

    def annotation_places(self) -> Iterator[tuple[Place, str, str]]:
        """Every annotation of the object: its place, key and value."""
        yield from _entries(("metadata", "annotations"), self.deployment.metadata.annotations)
        yield from _entries(("spec", "annotations"), self.deployment.spec.annotations)
        for predictor in self.predictors:
            yield from _entries((*predictor.place, "annotations"), predictor.spec.annotations)
            for pod in predictor.pods:
                yield from _entries((*pod.place, "metadata", "annotations"), pod.spec.metadata.annotations)


def _entries(place: Place, said: Mapping[str, str]) -> Iterator[tuple[Place, str, str]]:
    for key, value in said.items():
        yield (*place, key), key, value


def _predictor(index: int, spec: PredictorSpec) -> Predictor:
    place: Place = ("spec", "predictors", index)
    pods = [
        Pod((*place, "componentSpecs", number), number, pod) for number, pod in enumerate(spec.component_specs or [])
    ]
    containers = [
        PlacedContainer((*pod.place, "spec", "containers", number), pod, container)
        for pod in pods
        for number, container in enumerate(pod.spec.spec.containers)
    ]
    by_name = {container.spec.name: container for container in reversed(containers)}  # of two, the first counts
    nodes = list(_nodes((*place, "graph"), spec.graph, 1, None, by_name))
    return Predictor(place, index, spec, nodes, pods, containers)


def _nodes(
    place: Place, unit: PredictiveUnit, level: int, parent: Node | None, containers: Mapping[str, PlacedContainer]
) -> Iterator[Node]:
    node = Node(place, unit, level, parent, containers.get(unit.name))
    yield node
    for index, child in enumerate(unit.children):
        yield from _nodes((*place, "children", index), child, level + 1, node, containers)
