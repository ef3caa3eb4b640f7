"""Which node's answer goes to which node: the edges of a graph in the order of its data.

Source:
    The executor's walk: transform input (or predict), then the children with what came of it, then aggregate their
    answers, then transform output. A router hands on what it got; without a combiner the first child's answer counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from servegraph.check.subject import Node
from servegraph.spec import PredictiveUnit, UnitMethod, UnitType


@dataclass(frozen=True, slots=True)
class Edge:
    """What `producer` answers is what `consumer` gets; without a producer it is the request itself."""

    producer: Node | None
    consumer: Node


def edges(nodes: Sequence[Node]) -> list[Edge]:
    """The edges of a predictor's graph; `nodes` are all of its nodes, the root first."""
    found: list[Edge] = []
    _visit(nodes[0], None, {id(node.unit): node for node in nodes}, found)
    return found


def _visit(node: Node, came_from: Node | None, nodes: dict[int, Node], found: list[Edge]) -> Iterator[Node | None]:
    """Collect the edges below a node; return the nodes whose answer may be its answer."""
    if _works_on_input(node.unit):
        found.append(Edge(came_from, node))
        came_from = node
    results: list[Node | None] = [came_from]
    if node.unit.children:
        each = [list(_visit(nodes[id(child)], came_from, nodes, found)) for child in node.unit.children]
        results = _chosen(node, each, found)
    if _works_on_output(node.unit):
        found.extend(Edge(result, node) for result in results)
        results = [node]
    return iter(results)


def _chosen(node: Node, each: Sequence[list[Node | None]], found: list[Edge]) -> list[Node | None]:
    unit = node.unit
    if unit.is_router:
        return [result for results in each for result in results]
    if unit.effective_type is UnitType.COMBINER or UnitMethod.AGGREGATE in unit.methods:
        return [node]  # what it is given are all answers at once, which no signature describes
    return each[0]


def _works_on_input(unit: PredictiveUnit) -> bool:
    return unit.effective_type in (UnitType.MODEL, UnitType.TRANSFORMER) or UnitMethod.TRANSFORM_INPUT in unit.methods


def _works_on_output(unit: PredictiveUnit) -> bool:
    return unit.effective_type is UnitType.OUTPUT_TRANSFORMER or UnitMethod.TRANSFORM_OUTPUT in unit.methods
