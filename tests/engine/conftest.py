"""Engines over small classes: a graph as Seldon's JSON, its components by node name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from servegraph.component import Caller, Identity, read
from servegraph.engine import Context, Engine, LocalUnit, Parts, RoutingInjection, compile_plan, needed_methods
from servegraph.engine.events import FeedbackResult
from servegraph.engine.puid import new_puid
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.shared import Ledger
from servegraph.spec import PredictorSpec


@dataclass
class Events:
    """A listener that writes down what it hears, without the durations."""

    nodes: list[tuple[str, str, str]] = field(default_factory=list)
    routes: list[tuple[str, int]] = field(default_factory=list)
    rewards: list[tuple[str, dict[str, int], float]] = field(default_factory=list)
    custom: list[tuple[str, str, list[dict[str, Any]]]] = field(default_factory=list)

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        raise AssertionError("the engine answers no requests of its own")

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return partial(self.node_called, node, service, method, code)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        assert method == "post"
        self.nodes.append((node, service, code))

    def routed(self, router: str, branch: int) -> None:
        self.routes.append((router, branch))

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        assert 0 <= delay < 60
        self.rewards.append((result, dict(routing), reward))

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        self.custom.append((node, method, [dict(metric) for metric in metrics]))

    def reward(self, node: str, reward: float) -> None:
        assert node


class Bench:
    """An engine under test, with short ways to ask it."""

    def __init__(self, engine: Engine, events: Events) -> None:
        self.engine = engine
        self.events = events

    async def ask(self, rows: Any, puid: str = "", **meta: Any) -> Message:
        """The answer to an ndarray."""
        return await self.send(Message("ndarray", np.array(rows), ["request"], Meta(**meta)), puid)

    async def send(self, message: Message, puid: str = "") -> Message:
        context = Context(puid or new_puid(), bool(puid))
        return (await self.engine.predict(Envelope(MESSAGE, "rest", value=message), context)).value()

    async def values(self, rows: Any) -> Any:
        return (await self.ask(rows)).value.tolist()

    async def reward(self, puid: str, reward: float = 1.0, rows: Any = None, truth: Any = None) -> Any:
        return await self.send_feedback(
            Feedback(
                request=Message() if rows is None else Message("ndarray", np.array(rows), ["request"]),
                response=Message(meta=Meta(puid=puid)),
                truth=Message() if truth is None else Message("ndarray", np.array(truth)),
                reward=reward,
            )
        )

    async def send_feedback(self, feedback: Feedback) -> Any:
        """The answer's JSON document: the root's message, or the feedback."""
        answer = await self.engine.send_feedback(Envelope(FEEDBACK, "rest", value=feedback), Context(new_puid()))
        return answer.document()


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
        units = {
            name: LocalUnit(name, Caller(component, Identity(name, image), events), events)
            for name, component in loaded.items()
        }
        injection = RoutingInjection.AT_END if predictor.injects_routing else RoutingInjection.NEVER
        plan = compile_plan(predictor, Parts(units, **parts), injection)
        return Bench(Engine(plan, Ledger(capacity), events), events)


@pytest.fixture
def serve() -> Workshop:
    """`serve(graph, {node: instance})` is an engine for that graph."""
    return Workshop()
