"""A node of which nobody said where its component runs."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from servegraph.engine import Context, Method
from servegraph.errors import UnitUnreachable
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope


class AbsentUnit:
    """Implements `Unit`: every call fails. Nodes that are never called may well have no endpoint."""

    def __init__(self, node: str) -> None:
        self._node = node

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> NoReturn:
        raise self._absent(method)

    async def route(self, request: Envelope[Message], context: Context) -> NoReturn:
        raise self._absent(Method.ROUTE)

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> NoReturn:
        raise self._absent(Method.AGGREGATE)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> NoReturn:
        raise self._absent(Method.SEND_FEEDBACK)

    async def health(self, context: Context) -> NoReturn:
        raise self._absent("health")

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        raise self._absent("metadata")

    async def ready(self, thorough: bool) -> bool:
        return True

    def _absent(self, method: str) -> UnitUnreachable:
        return UnitUnreachable(
            self._node, method, f"node {self._node} has no endpoint: its graph names no host and port"
        )
