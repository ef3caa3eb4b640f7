"""The graphs of these tests, as manifests: with containers to run here, or with addresses of what runs elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROUTING_INJECTION = "SELDON_ENABLE_ROUTING_INJECTION"
NAMESPACE = "lab"
PREDICTOR = "main"


@dataclass(frozen=True)
class Address:
    """Where a component listens."""

    http_port: int
    grpc_port: int


@dataclass(frozen=True)
class Part:
    """One node; `component` is a class of parts/nodes/talk.py, None for a built-in node."""

    name: str
    component: str | None
    unit: Mapping[str, Any]
    children: tuple["Part", ...] = ()

    def walk(self) -> Iterator["Part"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def image(self) -> str:
        return f"talk/{self.name}:1.2"

    @property
    def parameters(self) -> list[dict[str, str]]:
        return list(self.unit.get("parameters", ()))


def part(name: str, component: str | None, *children: Part, **unit: Any) -> Part:
    return Part(name, component, unit, children)


def answer(name: str, factor: float) -> Part:
    parameters = [
        {"name": "name", "value": name, "type": "STRING"},
        {"name": "factor", "value": str(factor), "type": "DOUBLE"},
    ]
    return part(name, "Answer", type="MODEL", parameters=parameters)


LEFT, RIGHT = answer("left", 2.0), answer("right", 3.0)
PREPARE = part("prepare", "Prepare", type="TRANSFORMER")
CHOOSE = part("choose", "Choose", LEFT, RIGHT, type="ROUTER")
PASS = ["TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "SEND_FEEDBACK"]


@dataclass(frozen=True)
class Graph:
    """A predictor to serve."""

    name: str
    root: Part
    injects_routing: bool = False

    @property
    def components(self) -> list[Part]:
        """The nodes that are not built in."""
        return [node for node in self.root.walk() if node.component]


LINE = Graph(
    "line",
    part("finish", "Finish", Part("prepare", "Prepare", PREPARE.unit, (CHOOSE,)), type="OUTPUT_TRANSFORMER"),
    injects_routing=True,
)
FAN = Graph("fan", part("mix", "Mix", LEFT, RIGHT, type="COMBINER", methods=["SEND_FEEDBACK"]))
MEAN = Graph(
    "mean",
    part(
        "first",
        None,
        part("mean", None, Part("prepare", "Prepare", PREPARE.unit, (LEFT,)), RIGHT, implementation="AVERAGE_COMBINER"),
        part("fixed", None, implementation="SIMPLE_MODEL"),
        implementation="SIMPLE_ROUTER",
    ),
)
CHAIN = Graph(
    "chain",
    part(
        "pass",
        "Pass",
        Part("left", "Answer", LEFT.unit, (part("whole", "Whole", type="MODEL"),)),
        type="UNKNOWN_TYPE",
        methods=PASS,
    ),
)
ALONE = Graph("alone", LEFT)
FORK = Graph("fork", Part("prepare", "Prepare", PREPARE.unit, (CHOOSE,)))
GRAPHS = {graph.name: graph for graph in (LINE, FAN, MEAN, CHAIN)}


def write_manifest(
    folder: Path,
    graph: Graph,
    addresses: Mapping[str, Address] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Path:
    """The file of a SeldonDeployment.

    Args:
        addresses: of the components, by node name; None where whoever serves the graph also runs them.
    """
    container = _container if addresses is None else _bare_container
    predictor = {
        "name": PREDICTOR,
        "graph": _unit(graph.root, addresses or {}),
        "componentSpecs": [{"spec": {"containers": [container(node) for node in graph.components]}}],
        "svcOrchSpec": {"env": [{"name": ROUTING_INJECTION, "value": "true"}] if graph.injects_routing else []},
        "annotations": dict(annotations or {}),
    }
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": graph.name, "namespace": NAMESPACE},
        "spec": {"predictors": [predictor]},
    }
    file = folder / f"{graph.name}.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _unit(node: Part, addresses: Mapping[str, Address]) -> dict[str, Any]:
    unit = {"name": node.name, **node.unit, "children": [_unit(child, addresses) for child in node.children]}
    address = addresses.get(node.name)
    if address is not None:
        ports = {"httpPort": address.http_port, "grpcPort": address.grpc_port, "service_port": address.http_port}
        unit["endpoint"] = {"service_host": "127.0.0.1", **ports}
    return unit


def _container(node: Part) -> dict[str, Any]:
    return {**_bare_container(node), "env": [{"name": "MODEL_NAME", "value": f"nodes.talk:{node.component}"}]}


def _bare_container(node: Part) -> dict[str, Any]:
    return {"name": node.name, "image": node.image}
