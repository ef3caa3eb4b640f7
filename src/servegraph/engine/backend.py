"""What the fronts ask: the engine of one predictor, or several predictors behind one name."""

from collections.abc import Mapping
from typing import Any, Protocol

from servegraph.engine.context import Context
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope


class Backend(Protocol):
    """`Engine` and `Predictors` are such; what their methods raise stands there."""

    async def predict(self, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The answer to a request."""

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        """The answer to a reward."""

    async def health(self, model: str, context: Context) -> Envelope[Message]:
        """What a node says of its health."""

    async def metadata(self, model: str, context: Context) -> Mapping[str, Any]:
        """A node's metadata document."""

    async def all_metadata(self, context: Context) -> dict[str, Mapping[str, Any]]:
        """The documents of all nodes with a component, by node name."""

    async def ready(self, thorough: bool) -> bool:
        """Whether every node can be called."""
