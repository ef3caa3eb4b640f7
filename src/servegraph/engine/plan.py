"""A predictor compiled for serving: per node the steps to take, decided once when it is loaded.

Source:
    Seldon's executor: a MODEL is asked to predict and a TRANSFORMER to transform on the way in,
    routers route, combiners aggregate, an OUTPUT_TRANSFORMER transforms on the way out; `methods`
    adds to that. A node asked for both prediction and input transformation only transforms.
    MODEL and ROUTER hear feedback; others do where `methods` says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from servegraph.engine.builtin import KINDS
from servegraph.engine.events import RequestLog, Tap
from servegraph.engine.expectation import Expectation
from servegraph.engine.unit import Method, Unit
from servegraph.spec import Implementation, PredictiveUnit, PredictorSpec, UnitMethod, UnitType


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the plan.

    Attributes:
        on_input: what its unit is asked on the way in, if anything.
        log: told of its messages, if anybody wants to know.
        hands_over: whether a child's answer is its own, and nothing is left to do on the way out but logging.
    """

    name: str
    unit: Unit
    children: tuple["Node", ...] = ()
    on_input: Method | None = None
    routes: bool = False
    aggregates: bool = False
    transforms_output: bool = False
    hears_feedback: bool = False
    expectation: Expectation | None = None
    tap: Tap | None = None
    log: RequestLog | None = None
    hands_over: bool = False

    def walk(self) -> Iterator["Node"]:
        """This node, then every node below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


class RoutingInjection(Enum):
    """When the routing so far is written into `meta.routing`."""

    NEVER = "never"
    AT_END = "at the end"  # into the graph's answer
    AFTER_EACH_NODE = "after each node"  # into what the next node gets, too, where there is a `meta`


@dataclass(frozen=True, slots=True)
class Parts:
    """What the nodes of a graph are made of, by node name.

    Attributes:
        units: the components of all nodes but built-in ones.
        taps: observers of the rows that pass a node.
        widths: features per row where an artifact's signature says so.
        versions: `name/version` of the artifacts, shown in every answer.
        kernels: what computes in place of the nodes' models, where something does; shown in every answer too.
        log: sees the messages of nodes that have a logger.
    """

    units: Mapping[str, Unit]
    taps: Mapping[str, Tap] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    kernels: Mapping[str, str] = field(default_factory=dict)
    log: RequestLog | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The compiled graph of one predictor.

    Attributes:
        routers: names of the nodes that choose among their children.
    """

    root: Node
    nodes: Mapping[str, Node]
    routers: frozenset[str]
    versions: Mapping[str, str]
    kernels: Mapping[str, str]
    injection: RoutingInjection


def compile_plan(predictor: PredictorSpec, parts: Parts, injection: RoutingInjection) -> Plan:
    """Bind a predictor's graph to its units."""
    root = _node(predictor.graph, parts, injection)
    nodes = {node.name: node for node in root.walk()}
    routers = frozenset(node.name for node in root.walk() if node.routes)
    return Plan(root, nodes, routers, parts.versions, parts.kernels, injection)


def needed_methods(unit: PredictiveUnit) -> list[str]:
    """The methods that a node's class cannot do without (the others have defaults)."""
    kind, methods = unit.effective_type, set(unit.methods)
    needs = {
        "predict": kind is UnitType.MODEL and UnitMethod.TRANSFORM_INPUT not in methods,
        "route": kind is UnitType.ROUTER or UnitMethod.ROUTE in methods,
        "aggregate": kind is UnitType.COMBINER or UnitMethod.AGGREGATE in methods,
    }
    return [name for name, needed in needs.items() if needed]


def _node(spec: PredictiveUnit, parts: Parts, injection: RoutingInjection) -> Node:
    kind, methods, built_in = spec.effective_type, set(spec.methods), spec.built_in
    width = parts.widths.get(spec.name)
    aggregates = _aggregates(spec)
    transforms_output = kind is UnitType.OUTPUT_TRANSFORMER or UnitMethod.TRANSFORM_OUTPUT in methods
    is_amended = injection is RoutingInjection.AFTER_EACH_NODE
    return Node(
        name=spec.name,
        unit=KINDS[built_in](spec) if built_in else parts.units[spec.name],
        children=tuple(_node(child, parts, injection) for child in spec.children),
        on_input=_on_input(spec),
        routes=spec.is_router,
        aggregates=aggregates,
        transforms_output=transforms_output,
        hears_feedback=kind in (UnitType.MODEL, UnitType.ROUTER) or UnitMethod.SEND_FEEDBACK in methods,
        expectation=None if width is None else Expectation(spec.name, width),
        tap=parts.taps.get(spec.name),
        log=None if spec.logger is None else parts.log,
        hands_over=bool(spec.children) and not (aggregates or transforms_output or is_amended),
    )


def _on_input(spec: PredictiveUnit) -> Method | None:
    kind = spec.effective_type
    if kind is UnitType.TRANSFORMER or UnitMethod.TRANSFORM_INPUT in spec.methods:
        return Method.TRANSFORM_INPUT
    is_model = kind is UnitType.MODEL or spec.built_in is Implementation.SIMPLE_MODEL
    return Method.PREDICT if is_model else None


def _aggregates(spec: PredictiveUnit) -> bool:
    combines = spec.effective_type is UnitType.COMBINER or UnitMethod.AGGREGATE in spec.methods
    return combines or spec.built_in is Implementation.AVERAGE_COMBINER
