"""A node's component as the walk sees it: in this process, in another one, or built in."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from servegraph.engine.context import Context
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope


class Method(StrEnum):
    """What a component can be asked; the values are the paths of a component server."""

    PREDICT = "/predict"
    TRANSFORM_INPUT = "/transform-input"
    TRANSFORM_OUTPUT = "/transform-output"
    ROUTE = "/route"
    AGGREGATE = "/aggregate"
    SEND_FEEDBACK = "/send-feedback"


class Unit(Protocol):
    """All methods may raise UnitError and PayloadError, and must not change the envelopes they get."""

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The answer to PREDICT, TRANSFORM_INPUT or TRANSFORM_OUTPUT."""

    async def route(self, request: Envelope[Message], context: Context) -> int:
        """The number of the child to ask, -1 for all, -2 for none."""

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        """One answer for the answers of all children that were asked, in their order."""

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        """The answer to a reward. The branch that was taken stands in the feedback's own `response.meta.routing`."""

    async def health(self, context: Context) -> Envelope[Message]:
        """The answer to a question for the component's health."""

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        """The component's metadata document: name, versions, platform, inputs, outputs, custom."""

    async def ready(self, thorough: bool) -> bool:
        """Whether it can be called; `thorough` asks its server, where the other only connects."""
