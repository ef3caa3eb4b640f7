"""A predictor compiled for serving: per node the steps to take, bound once when it is loaded.

Source:
    Seldon's executor: a MODEL is asked to predict and a TRANSFORMER to transform on the way in,
    routers route, combiners aggregate, an OUTPUT_TRANSFORMER transforms on the way out; `methods`
    adds to that. A node asked for both prediction and input transformation only transforms.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from servegraph.component import Component
from servegraph.engine.call import Caller
from servegraph.engine.events import Listener, Tap
from servegraph.engine.expectation import Expectation
from servegraph.payload import Feedback, Message
from servegraph.spec import Implementation, PredictiveUnit, PredictorSpec, UnitMethod, UnitType

Transform = Callable[[Message], Awaitable[Message]]
Route = Callable[[Message], Awaitable[int]]
Aggregate = Callable[[Sequence[Message]], Awaitable[Message]]
Reward = Callable[[Feedback, int | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the plan; a step that the node does not have is None."""

    name: str
    children: tuple["Node", ...] = ()
    expectation: Expectation | None = None
    tap: Tap | None = None
    on_input: Transform | None = None
    route: Route | None = None
    aggregate: Aggregate | None = None
    on_output: Transform | None = None
    reward: Reward | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the nodes of a graph are made of, by node name.

    Attributes:
        components: the loaded components of all nodes but built-in ones.
        taps: observers of the rows that pass a node.
        widths: features per row where an artifact's signature says so.
        versions: `name/version` of the artifacts, shown in every answer.
    """

    components: Mapping[str, Component]
    taps: Mapping[str, Tap] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The compiled graph of one predictor.

    Attributes:
        routers: names of the nodes that choose among their children.
        injects_routing: whether answers carry `meta.routing`.
    """

    root: Node
    routers: frozenset[str]
    versions: Mapping[str, str]
    injects_routing: bool


def compile_plan(predictor: PredictorSpec, parts: Parts, listener: Listener) -> Plan:
    """Bind a predictor's graph to its components. The predictor has passed `spec.check`."""
    root = _node(predictor.graph, predictor, parts, listener)
    return Plan(root, frozenset(_routers(root)), parts.versions, predictor.injects_routing)


def _routers(node: Node) -> list[str]:
    below = [name for child in node.children for name in _routers(child)]
    return [node.name, *below] if node.route is not None else below


def needed_methods(unit: PredictiveUnit) -> list[str]:
    """The methods that a node's class cannot do without (the others have defaults)."""
    kind, methods = unit.effective_type, set(unit.methods)
    needs = {
        "predict": kind is UnitType.MODEL and UnitMethod.TRANSFORM_INPUT not in methods,
        "route": kind is UnitType.ROUTER or UnitMethod.ROUTE in methods,
        "aggregate": kind is UnitType.COMBINER or UnitMethod.AGGREGATE in methods,
    }
    return [name for name, needed in needs.items() if needed]


def _node(unit: PredictiveUnit, predictor: PredictorSpec, parts: Parts, listener: Listener) -> Node:
    children = tuple(_node(child, predictor, parts, listener) for child in unit.children)
    width = parts.widths.get(unit.name)
    expectation = None if width is None else Expectation(unit.name, width)
    node = Node(unit.name, children, expectation, parts.taps.get(unit.name))
    if unit.built_in:
        return _with_built_in(node, unit)
    component = parts.components[unit.name]
    image = predictor.image(unit.name) or "NOT_IMPLEMENTED:NOT_IMPLEMENTED"
    return _with_component(node, unit, component, Caller(unit.name, image, component, listener))


def _with_component(node: Node, unit: PredictiveUnit, component: Component, caller: Caller) -> Node:
    kind, methods = unit.effective_type, set(unit.methods)
    steps: dict[str, Any] = {}
    if kind is UnitType.TRANSFORMER or UnitMethod.TRANSFORM_INPUT in methods:
        steps["on_input"] = partial(caller.transform, component.transform_input, "/transform-input")
    elif kind is UnitType.MODEL:
        steps["on_input"] = partial(caller.transform, component.predict, "/predict")
    if component.route and (kind is UnitType.ROUTER or UnitMethod.ROUTE in methods):
        steps["route"] = partial(caller.route, component.route)
    if component.aggregate and (kind is UnitType.COMBINER or UnitMethod.AGGREGATE in methods):
        steps["aggregate"] = partial(caller.aggregate, component.aggregate)
    if kind is UnitType.OUTPUT_TRANSFORMER or UnitMethod.TRANSFORM_OUTPUT in methods:
        steps["on_output"] = partial(caller.transform, component.transform_output, "/transform-output")
    hears_feedback = kind in (UnitType.MODEL, UnitType.ROUTER) or UnitMethod.SEND_FEEDBACK in methods
    if component.send_feedback and hears_feedback:
        steps["reward"] = partial(caller.feedback, component.send_feedback)
    return replace(node, **steps)


def _with_built_in(node: Node, unit: PredictiveUnit) -> Node:
    if unit.built_in is Implementation.RANDOM_ABTEST:
        return replace(node, route=partial(_draw, _ratio(unit)))
    return node


def _ratio(unit: PredictiveUnit) -> float:
    return next((float(parameter.value) for parameter in unit.parameters if parameter.name == "ratioA"), 0.5)


async def _draw(ratio: float, _: Message) -> int:
    return 0 if random.random() < ratio else 1
