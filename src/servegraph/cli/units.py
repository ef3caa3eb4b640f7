"""The units of a graph: nodes in this process, in processes of their own, or elsewhere."""

from collections.abc import Callable, Sequence

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.component import Caller, Component, Identity, MetricSink
from servegraph.engine import LocalUnit, Unit
from servegraph.engine.stub import Stub
from servegraph.observe.custom import Origin
from servegraph.observe.metrics import Metrics
from servegraph.serving.component_pool import PatientPool
from servegraph.spec import PredictorSpec, split_image


def local_units(
    nodes: Sequence[LoadedNode],
    predictor: PredictorSpec,
    metrics: Metrics,
    origin_of: Callable[[str], Origin],
    in_threads: bool,
) -> dict[str, Unit]:
    """The units of all nodes whose components are loaded here.

    Components run on the event loop, which costs least. Under a deadline, and in a shadow, each has
    a thread of its own, as what runs on the loop can be neither interrupted nor overtaken.
    """
    sink = metrics.custom.sink(origin_of)
    return {
        node.unit.name: LocalUnit(node.unit.name, _caller(node, node.component, predictor, sink, in_threads), metrics)
        for node in nodes
        if node.component
    }


def stubs(nodes: Sequence[LoadedNode]) -> dict[str, Stub]:
    """The stand-ins."""
    return {node.unit.name: Stub(node.unit, node.output_names) for node in nodes if node.is_stub}


def _caller(
    node: LoadedNode, component: Component, predictor: PredictorSpec, sink: MetricSink, in_threads: bool
) -> Caller:
    """The node's component with what its container's variables say, as its own component server takes them."""
    name = node.unit.name
    container = predictor.container(name)
    variables = container.environment() if container else {}
    return Caller(
        component,
        Identity(name, predictor.image(name)),
        sink,
        PatientPool(1) if in_threads else None,
        include_metrics=variables.get("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "true").lower() == "true",
        metadata_overlay=describe.metadata_overlay(node, predictor),
    )


def origins(deployment: str, predictor: PredictorSpec, worker_id: str) -> Callable[[str], Origin]:
    """Who made a metric: the identity of a node, as the component server labels it."""
    version = predictor.annotations.get("version", "NOT_IMPLEMENTED")

    def origin_of(node: str) -> Origin:
        name, tag = split_image(predictor.image(node))
        return Origin(node, name, tag, deployment, predictor.name, version, worker_id)

    return origin_of
