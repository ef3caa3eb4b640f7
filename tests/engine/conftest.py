"""Engines over small classes: a graph as Seldon's JSON, its components by node name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from servegraph.component import read
from servegraph.engine import Engine, Parts, compile_plan, needed_methods
from servegraph.engine.events import FeedbackResult
from servegraph.engine.feedback import Ledger
from servegraph.payload import Feedback, Message, Meta
from servegraph.spec import PredictorSpec


@dataclass
class Events:
    """A listener that writes down what it hears, without the durations."""

    nodes: list[tuple[str, str, str]] = field(default_factory=list)
    routes: list[tuple[str, int]] = field(default_factory=list)
    rewards: list[tuple[str, dict[str, int], float]] = field(default_factory=list)

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        raise AssertionError("the engine answers no requests of its own")

    def node_called(self, node: str, service: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.nodes.append((node, service, code))

    def routed(self, router: str, branch: int) -> None:
        self.routes.append((router, branch))

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        assert 0 <= delay < 60
        self.rewards.append((result, dict(routing), reward))


class Bench:
    """An engine under test, with short ways to ask it."""

    def __init__(self, engine: Engine, events: Events) -> None:
        self.engine = engine
        self.events = events

    async def ask(self, rows: Any, puid: str = "", **meta: Any) -> Message:
        """The answer to an ndarray."""
        message = Message("ndarray", np.array(rows), ["request"], Meta(**meta))
        return await self.engine.predict(message, puid)

    async def values(self, rows: Any) -> Any:
        return (await self.ask(rows)).value.tolist()

    async def reward(self, puid: str, reward: float = 1.0, rows: Any = None, truth: Any = None) -> Message:
        return await self.engine.send_feedback(
            Feedback(
                request=Message() if rows is None else Message("ndarray", np.array(rows), ["request"]),
                response=Message(meta=Meta(puid=puid)),
                truth=Message() if truth is None else Message("ndarray", np.array(truth)),
                reward=reward,
            )
        )


@dataclass
class Workshop:
    """Builds engines; `routing` says whether answers carry `meta.routing`, `image` is every container's."""

    def __call__(
        self,
        graph: dict[str, Any],
        components: Mapping[str, object],
        *,
        routing: bool = True,
        capacity: int = 1000,
        image: str = "image:1",
        **parts: Any,
    ) -> Bench:
        document = {
            "name": "p",
            "graph": graph,
            "componentSpecs": [{"spec": {"containers": [{"name": name, "image": image} for name in components]}}],
        }
        if routing:
            document["svcOrchSpec"] = {"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}]}
        predictor = PredictorSpec.model_validate(document)
        needs = {unit.name: needed_methods(unit) for unit in predictor.graph.walk()}
        loaded = {name: read(instance, name, needs[name]) for name, instance in components.items()}
        events = Events()
        plan = compile_plan(predictor, Parts(loaded, **parts), events)
        return Bench(Engine(plan, Ledger(capacity), events), events)


@pytest.fixture
def serve() -> Workshop:
    """`serve(graph, {node: instance})` is an engine for that graph."""
    return Workshop()
