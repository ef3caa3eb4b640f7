"""The units of a graph: nodes in this process, in processes of their own, or elsewhere."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.component import Caller, Identity
from servegraph.engine import LocalUnit, Unit
from servegraph.observe.custom import Origin
from servegraph.observe.metrics import Metrics
from servegraph.spec import PredictorSpec, split_image


def local_units(
    nodes: Sequence[LoadedNode], predictor: PredictorSpec, metrics: Metrics, origin_of: Callable[[str], Origin]
) -> dict[str, Unit]:
    """The units of all nodes whose components are loaded here."""
    sink = metrics.custom.sink(origin_of)
    documents = describe.documents(nodes, predictor)
    return {
        node.unit.name: LocalUnit(
            node.unit.name,
            Caller(node.component, Identity(node.unit.name, predictor.image(node.unit.name)), sink),
            metrics,
            _document(node, documents),
        )
        for node in nodes
        if node.component
    }


def _document(node: LoadedNode, documents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What the artifact says of the node, unless its class speaks for itself."""
    return None if hasattr(node.cls, "init_metadata") else documents[node.unit.name]


def origins(deployment: str, predictor: PredictorSpec) -> Callable[[str], Origin]:
    """Who made a metric: the identity of a node, as the component server labels it."""

    version = predictor.annotations.get("version", "NOT_IMPLEMENTED")

    def origin_of(node: str) -> Origin:
        name, tag = split_image(predictor.image(node))
        return Origin(node, name, tag, deployment, predictor.name, version, str(os.getpid()))

    return origin_of
