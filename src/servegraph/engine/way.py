"""The ways through a graph: what is the same for every request that takes one is made once.

A graph has few ways through it, and many requests take each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.engine.plan import Plan, RoutingInjection

MOST_WAYS = 10_000  # a component decides where its router sends requests: memory must have a bound


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        routing: the nodes that were asked, with their branches.
        choices: the routers among them.
        tags: what the answer's `meta.tags` say of the artifacts and kernels on the way.
        injected: what is written into the answer's `meta.routing`.
    """

    routing: Mapping[str, int]
    choices: tuple[tuple[str, int], ...]
    tags: Mapping[str, Any]
    injected: Mapping[str, int]


class Ways:
    """The ways through one plan that were taken so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[tuple[str, int], ...], Way] = {}

    def taken(self, routing: Mapping[str, int]) -> Way:
        """The way of a request that was answered."""
        key = tuple(routing.items())
        way = self._known.get(key)
        if way is None:
            if len(self._known) >= MOST_WAYS:
                self._known.clear()
            way = self._known[key] = self._way(dict(key))
        return way

    def _way(self, routing: Mapping[str, int]) -> Way:
        plan = self._plan
        told = {"versions": plan.versions, "kernels": plan.kernels}
        on_way = {name: {node: said[node] for node in routing if node in said} for name, said in told.items()}
        return Way(
            routing=routing,
            choices=tuple((node, branch) for node, branch in routing.items() if node in plan.routers),
            tags={name: said for name, said in on_way.items() if said},
            injected=routing if plan.injection is RoutingInjection.AT_END else {},
        )
