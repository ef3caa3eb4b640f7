"""Requests drawn among predictors by weight, feedback that finds its predictor, shadows that nobody notices."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from servegraph.component import Caller, Identity, read
from servegraph.engine import Context, Engine, LocalUnit, Parts, RoutingInjection, compile_plan
from servegraph.engine.predictors import Predictors, Share
from servegraph.engine.puid import new_puid
from servegraph.engine.shadow import Counts, Shadow
from servegraph.errors import GraphTimedOut, InvalidPayload, ModelNotFound, UnknownPuid
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.serving.component_pool import PatientPool
from servegraph.shared import Ledger
from servegraph.spec import PredictorSpec
from servegraph.spec.annotations import CallLimits


class Model:
    """Answers with its name, after a while, unless it fails; changes what it gets."""

    def __init__(self, name: str, seconds: float = 0.0, fails: bool = False) -> None:
        self.name, self.seconds, self.fails = name, seconds, fails
        self.seen: list[float] = []
        self.rewards: list[float] = []

    async def predict(self, X: Any, names: Sequence[str]) -> list[list[str]]:
        await asyncio.sleep(self.seconds)
        self.seen.append(X[0, 0])
        X[0, 0] = -1.0
        if self.fails:
            raise RuntimeError("out of order")
        return [[self.name]]

    def send_feedback(self, X: Any, names: Any, reward: float, truth: Any, routing: Any = None) -> None:
        self.rewards.append(reward)


@dataclass
class Heard:
    """A listener, and a sink of metrics."""

    requests: list[tuple[str, str, str]] = field(default_factory=list)
    feedbacks: list[str] = field(default_factory=list)

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.requests.append((service, method, code))

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return partial(self.node_called, node, service, method, code)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None: ...

    def routed(self, router: str, branch: int) -> None: ...

    def feedback(self, result: str, routing: Mapping[str, int], reward: float, delay: float) -> None:
        self.feedbacks.append(result)

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None: ...

    def reward(self, node: str, reward: float) -> None: ...


@dataclass
class Made:
    engine: Engine
    ledger: Ledger
    heard: Heard


def made(model: object, node: str = "model", pool: PatientPool | None = None) -> Made:
    heard, ledger = Heard(), Ledger()
    component = read(model, node)
    unit = LocalUnit(node, Caller(component, Identity(node, "image:1"), heard, pool), heard)
    predictor = PredictorSpec.model_validate({"name": "p", "graph": {"name": node, "type": "MODEL"}})
    plan = compile_plan(predictor, Parts({node: unit}), RoutingInjection.NEVER)
    return Made(Engine(plan, ledger, heard), ledger, heard)


def behind_one_name(*weights: tuple[Made, int], shadow: Shadow | None = None) -> Predictors:
    return Predictors([Share(each.engine, each.ledger, each.heard, weight) for each, weight in weights], shadow)


def rows(value: float = 1.0, puid: str = "") -> Envelope[Message]:
    return Envelope(MESSAGE, "rest", value=Message("ndarray", np.array([[value]]), meta=Meta(puid=puid)))


def reward(puid: str, amount: float = 1.0) -> Envelope[Feedback]:
    return Envelope(FEEDBACK, "rest", value=Feedback(Message(), Message(meta=Meta(puid=puid)), Message(), amount))


async def ask(predictors: Predictors, context: Context | None = None, value: float = 1.0) -> Message:
    return (await predictors.predict(rows(value), context or Context(new_puid()))).value()


@pytest.mark.parametrize("weights", [(75, 25), (1, 99), (10, 60, 30)])
async def test_requests_are_drawn_by_weight(weights: tuple[int, ...]) -> None:
    parts = [made(Model(str(number))) for number in range(len(weights))]
    predictors = behind_one_name(*zip(parts, weights, strict=True))
    drawn = Counter([(await ask(predictors)).value[0][0] for _ in range(3000)])

    for number, weight in enumerate(weights):
        expected, sigma = 30 * weight, math.sqrt(3000 * weight / 100 * (1 - weight / 100))
        assert abs(drawn[str(number)] - expected) < 4 * sigma


@pytest.mark.parametrize("weights", [(100, 0), (0, 100), (0, 100, 0)])
async def test_weight_of_zero_is_never_drawn(weights: tuple[int, ...]) -> None:
    parts = [made(Model(str(weight))) for weight in weights]
    predictors = behind_one_name(*zip(parts, weights, strict=True))

    assert {(await ask(predictors)).value[0][0] for _ in range(300)} == {"100"}


async def test_front_is_told_whose_answer_it_was() -> None:
    main, canary = made(Model("main")), made(Model("canary"))
    predictors = behind_one_name((main, 50), (canary, 50))
    for _ in range(20):
        context = Context(new_puid())
        answer = await ask(predictors, context)
        assert context.listener is (main if answer.value[0][0] == "main" else canary).heard


async def test_feedback_finds_the_predictor_that_answered() -> None:
    models = {name: Model(name) for name in ("main", "canary")}
    parts = {name: made(model) for name, model in models.items()}
    predictors = behind_one_name((parts["main"], 50), (parts["canary"], 50))
    puids: dict[str, list[str]] = {"main": [], "canary": []}
    for _ in range(60):
        answer = await ask(predictors)
        puids[answer.value[0][0]].append(answer.meta.puid)

    for name, amount in (("main", 0.25), ("canary", 0.75)):
        for puid in puids[name]:
            await predictors.send_feedback(reward(puid, amount), Context("f"))
        assert models[name].rewards == [amount] * len(puids[name])
        assert parts[name].heard.feedbacks == ["joined"] * len(puids[name])


async def test_one_puid_twice_means_the_later_answer() -> None:
    first, second = Model("first"), Model("second")
    one, two = made(first), made(second)
    await one.engine.predict(rows(puid="same"), Context("c"))
    await two.engine.predict(rows(puid="same"), Context("c"))
    for order in ((one, two), (two, one)):
        await behind_one_name((order[0], 50), (order[1], 50)).send_feedback(reward("same"), Context("f"))
    assert (first.rewards, second.rewards) == ([], [1.0])


async def test_feedback_for_nobody_is_refused() -> None:
    predictors = behind_one_name((made(Model("a")), 50), (made(Model("b")), 50))
    with pytest.raises(UnknownPuid):
        await predictors.send_feedback(reward("never"), Context("f"))
    with pytest.raises(InvalidPayload):
        await predictors.send_feedback(Envelope(FEEDBACK, "rest", text=Text(b"{")), Context("f"))


async def test_nodes_of_all_predictors_can_be_asked() -> None:
    shadow = Shadow("dark", made(Model("dark"), "dark").engine, Heard())
    predictors = behind_one_name((made(Model("a"), "one"), 50), (made(Model("b"), "two"), 50), shadow=shadow)

    for node in ("one", "two", "dark"):
        assert (await predictors.metadata(node, Context("m")))["name"] == "image"
        assert (await predictors.health(node, Context("h"))).document()
    assert list(await predictors.all_metadata(Context("m"))) == ["one"]
    with pytest.raises(ModelNotFound, match="three"):
        await predictors.health("three", Context("h"))
    assert await predictors.ready(False)


async def settled(shadow: Shadow, copies: int) -> None:
    async with asyncio.timeout(10):
        while sum(shadow.counts()[:2]) < copies:
            await asyncio.sleep(0.005)


async def test_shadow_sees_what_came_in_and_changes_nothing() -> None:
    model, dark = Model("main"), Model("dark")
    main, other = made(model), made(dark)
    shadow = Shadow("dark", other.engine, other.heard)
    predictors = behind_one_name((main, 100), shadow=shadow)
    context = Context(new_puid())
    answer = await ask(predictors, context, value=7.0)
    await settled(shadow, 1)

    assert answer.value == [["main"]]
    assert (model.seen, dark.seen) == ([7.0], [7.0])
    assert shadow.counts() == Counts(answered=1, failed=0, dropped=0)
    assert other.heard.requests == [("predictions", "post", "200")]
    assert other.ledger.find(context.puid) is not None
    await predictors.send_feedback(reward(context.puid), Context("f"))
    assert (model.rewards, dark.rewards) == ([1.0], [])


async def test_shadow_gets_its_percentage() -> None:
    other = made(Model("dark"))
    shadow = Shadow("dark", other.engine, other.heard, percent=20, most=10_000)
    predictors = behind_one_name((made(Model("main")), 100), shadow=shadow)
    for _ in range(2000):
        await ask(predictors)
    await asyncio.sleep(0.05)

    assert abs(shadow.counts().answered - 400) < 4 * math.sqrt(2000 * 0.2 * 0.8)
    assert shadow.counts().dropped == 0


async def test_shadow_that_fails_is_counted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    other = made(Model("dark", fails=True))
    shadow = Shadow("dark", other.engine, other.heard)
    predictors = behind_one_name((made(Model("main")), 100), shadow=shadow)
    for _ in range(5):
        assert (await ask(predictors)).value == [["main"]]
    await settled(shadow, 5)

    assert shadow.counts() == Counts(answered=0, failed=5, dropped=0)
    assert other.heard.requests == [("predictions", "post", "500")] * 5
    assert [record.message for record in caplog.records if "shadow" in record.message] == [
        "the shadow dark failed, from now on that is only counted: model.predict: out of order"
    ]


async def test_slow_shadow_delays_nothing_and_takes_so_many_copies() -> None:
    other = made(Model("dark", seconds=30.0))
    shadow = Shadow("dark", other.engine, other.heard, most=3)
    predictors = behind_one_name((made(Model("main")), 100), shadow=shadow)
    started = perf_counter()
    for _ in range(10):
        await ask(predictors)
    assert perf_counter() - started < 2.0
    assert shadow.counts() == Counts(answered=0, failed=0, dropped=7)

    await shadow.close()
    assert perf_counter() - started < 4.0


async def test_copy_that_takes_too_long_is_given_up() -> None:
    other = made(Model("dark", seconds=30.0))
    shadow = Shadow("dark", other.engine, other.heard, limit_s=0.05)
    await ask(behind_one_name((made(Model("main")), 100), shadow=shadow))
    await settled(shadow, 1)

    assert shadow.counts() == Counts(answered=0, failed=1, dropped=0)
    assert other.heard.requests == [("predictions", "post", "504")]


async def test_shadow_gets_what_the_main_predictor_fails_at() -> None:
    dark = Model("dark")
    other = made(dark)
    shadow = Shadow("dark", other.engine, other.heard)
    predictors = behind_one_name((made(Model("main", fails=True)), 100), shadow=shadow)
    with pytest.raises(Exception, match="out of order"):
        await ask(predictors, value=4.0)
    await settled(shadow, 1)

    assert dark.seen == [4.0]


async def test_time_out_is_that_of_the_predictor_that_was_drawn() -> None:
    hasty = made(Model("hasty", seconds=30.0))
    limits = CallLimits(rest_timeout_s=0.05)
    predictors = Predictors([Share(hasty.engine, hasty.ledger, hasty.heard, 100, limits)])
    with pytest.raises(GraphTimedOut):
        await ask(predictors)
