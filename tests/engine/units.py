"""Nodes that answer with bodies, as nodes elsewhere do, and an executor's engine over them: no ledger, no change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from servegraph.engine import Context, Engine, Method, Parts, RoutingInjection, Unit, compile_plan
from servegraph.engine.events import FeedbackResult, RequestLog
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.spec import PredictorSpec


class Unheard:
    """A listener that takes no note."""

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None: ...

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return partial(self.node_called, node, service, method, code)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None: ...

    def routed(self, router: str, branch: int) -> None: ...

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None: ...


@dataclass
class Says:
    """Answers every call with one body, or with what `answer` makes of the request's; a router chooses `branch`."""

    answer: bytes | Callable[[bytes], bytes] = lambda body: body
    branch: int = -1
    content_type: str = "application/json"
    got: list[bytes] = field(default_factory=list)
    is_ready: bool = True

    def _answered(self, body: bytes) -> Envelope[Message]:
        self.got.append(body)
        answer = self.answer if isinstance(self.answer, bytes) else self.answer(body)
        return Envelope(MESSAGE, "rest", text=Text(answer, self.content_type))

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        return self._answered(request.text().body)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        self.got.append(request.text().body)
        return self.branch

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        return self._answered(b"+".join(request.text().body for request in requests))

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        return self._answered(feedback.text().body)

    async def health(self, context: Context) -> Envelope[Message]:
        return self._answered(b"")

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        return {"name": "n", "platform": "p"}

    async def ready(self, thorough: bool) -> bool:
        return self.is_ready


def engine_of(
    graph: Mapping[str, Any],
    units: Mapping[str, Unit],
    injection: RoutingInjection = RoutingInjection.NEVER,
    log: RequestLog | None = None,
) -> Engine:
    """An engine as the executor wires it."""
    predictor = PredictorSpec.model_validate({"name": "p", "graph": graph})
    return Engine(compile_plan(predictor, Parts(units, log=log), injection), None, Unheard())


async def answer_to(engine: Engine, body: bytes, context: Context | None = None) -> bytes:
    """The body that the graph answers a body with."""
    request: Envelope[Message] = Envelope(MESSAGE, "rest", text=Text(body))
    return (await engine.predict(request, context or Context("p"))).text().body


async def answer_to_feedback(engine: Engine, body: bytes) -> bytes:
    """The same for feedback."""
    feedback: Envelope[Feedback] = Envelope(FEEDBACK, "rest", text=Text(body))
    return bytes((await engine.send_feedback(feedback, Context("p"))).text().body)
