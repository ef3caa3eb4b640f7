"""A node whose process we keep running: while it starts again, requests wait for it instead of failing.

Only what never reached the process waits. A request that was in flight when the process died fails,
as nobody knows how far it got, and it may be what killed the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from servegraph import remote
from servegraph.engine import Context, Method, Unit
from servegraph.errors import UnitUnreachable
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope

PATIENCE_S = 30.0  # on a busy machine a process that imports scikit-learn takes more than 10 s
ASK_AGAIN_S = 0.05


class SplitUnit:
    """Implements `Unit` around the one that calls the process.

    Args:
        is_up: whether the process was ready when it was last asked.
    """

    def __init__(self, unit: Unit, is_up: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        self._unit = unit
        self._is_up = is_up
        self._patience_s = patience_s
        self._waiting: asyncio.Task[None] | None = None

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        return await self._patiently(lambda: self._unit.transform(method, request, context))

    async def route(self, request: Envelope[Message], context: Context) -> int:
        return await self._patiently(lambda: self._unit.route(request, context))

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        return await self._patiently(lambda: self._unit.aggregate(requests, context))

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        return await self._patiently(lambda: self._unit.send_feedback(feedback, context))

    async def health(self, context: Context) -> Envelope[Message]:
        return await self._unit.health(context)

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        return await self._unit.metadata(context)

    async def ready(self, thorough: bool) -> bool:
        return await self._unit.ready(thorough)

    async def _patiently[T](self, call: Callable[[], Awaitable[T]]) -> T:
        until = monotonic() + self._patience_s
        while True:
            try:
                return await call()
            except UnitUnreachable as error:
                if remote.was_sent(error) or monotonic() > until:
                    raise
            await self._next_chance(until)

    async def _next_chance(self, until: float) -> None:
        """Wait until it makes sense to try again; all requests share one look at the process."""
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._until_up(until))
        await asyncio.shield(self._waiting)

    async def _until_up(self, until: float) -> None:
        await asyncio.sleep(ASK_AGAIN_S)
        while not self._is_up() and monotonic() < until:
            await asyncio.sleep(ASK_AGAIN_S)
