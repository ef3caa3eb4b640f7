"""A component being called as the component server calls it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from servegraph.component import Caller, Identity, read
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import FEEDBACK, MESSAGE, MESSAGES
from servegraph.payload.wire_proto import SeldonFeedback, SeldonMessage, SeldonMessageList


class Sink:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str, list[Mapping[str, Any]]]] = []
        self.rewards: list[tuple[str, float]] = []

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        self.counted.append((node, method, list(metrics)))

    def reward(self, node: str, reward: float) -> None:
        self.rewards.append((node, reward))


class Called:
    """One component; requests and answers are JSON documents for REST, messages for gRPC."""

    def __init__(self, instance: object, unit: str = "", image: str = "", **options: Any) -> None:
        self.sink = Sink()
        self.caller = Caller(read(instance, "n"), Identity(unit, image), self.sink, **options)

    async def rest(self, method: str, document: Any) -> Any:
        """The answer over REST, read back from its text."""
        match method:
            case "route":
                answer = await self.caller.route(Envelope(MESSAGE, "rest", document=document))
            case "aggregate":
                answer = await self.caller.aggregate(Envelope(MESSAGES, "rest", document=document))
            case "send_feedback":
                answer = await self.caller.send_feedback(Envelope(FEEDBACK, "rest", document=document))
            case "health":
                answer = await self.caller.health("rest")
            case _:
                answer = await self.caller.transform(method, Envelope(MESSAGE, "rest", document=document))
        return json.loads(answer.text().body)

    async def grpc(self, method: str, proto: Any) -> Any:
        """The answer over gRPC."""
        match method:
            case "route":
                answer = await self.caller.route(Envelope(MESSAGE, "grpc", proto=proto))
            case "aggregate":
                answer = await self.caller.aggregate(Envelope(MESSAGES, "grpc", proto=proto))
            case "send_feedback":
                answer = await self.caller.send_feedback(Envelope(FEEDBACK, "grpc", proto=proto))
            case _:
                answer = await self.caller.transform(method, Envelope(MESSAGE, "grpc", proto=proto))
        return answer.proto()


@pytest.fixture
def call() -> type[Called]:
    return Called


__all__ = ["Called", "SeldonFeedback", "SeldonMessage", "SeldonMessageList"]
