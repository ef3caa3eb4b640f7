"""A predictor that gets copies of the requests, and whose answers nobody sees.

Nothing here may delay or fail an answer: a copy starts when the answer is there, at most so many
are under way, and whatever becomes of them is counted and dropped. Whoever makes the engine keeps
its components off the event loop.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import NamedTuple

from servegraph.engine.context import Context
from servegraph.engine.engine import Engine
from servegraph.engine.events import Listener
from servegraph.engine.separation import own_message
from servegraph.errors import GraphTimedOut, PayloadError, UnitAnswered, UnitFailed
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope

MOST_COPIES = 64
LIMIT_S = 60.0  # a copy that hangs must not keep its place for ever

log = logging.getLogger(__name__)


class Counts(NamedTuple):
    """Copies by what became of them; `dropped` are those for which there was no place."""

    answered: int
    failed: int
    dropped: int


class Shadow:
    """Answers copies of requests.

    Args:
        listener: is told of the copies as of requests.
        percent: of the requests, how many are copied.
        most: copies under way at once; more are dropped.
        limit_s: seconds that a copy may take.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        listener: Listener,
        percent: int = 100,
        most: int = MOST_COPIES,
        limit_s: float = LIMIT_S,
    ) -> None:
        self.engine = engine
        self._name = name
        self._listener = listener
        self._percent = percent
        self._most = most
        self._limit_s = limit_s
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered = self._failed = self._dropped = 0

    def counts(self) -> Counts:
        return Counts(self._answered, self._failed, self._dropped)

    def copy(self, request: Envelope[Message], context: Context) -> "Copy | None":
        """A copy to be sent later, as the request may be changed meanwhile; None if it gets none."""
        if random.random() * 100 >= self._percent:
            return None
        if self._under_way >= self._most:
            self._dropped += 1
            return None
        self._under_way += 1
        own = Context(context.puid, context.brought_puid, context.transport, context.headers, logged=context.logged)
        return Copy(self, own_message(request), own)

    def send(self, request: Envelope[Message], context: Context) -> None:
        """Answer a copy, some time."""
        task = asyncio.get_running_loop().create_task(self._answer(request, context))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._under_way -= 1

    async def _answer(self, request: Envelope[Message], context: Context) -> None:
        started = perf_counter()
        context.deadline = monotonic() + self._limit_s
        try:
            await self.engine.predict(request, context)
        except Exception as error:
            code = _code(error)
            self._fail(error)
        else:
            code = "200"
            self._answered += 1
        self._listener.request_done("predictions", "post", code, perf_counter() - started)

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            log.warning("the shadow %s failed, from now on that is only counted: %s", self._name, error)
        self._failed += 1

    async def close(self) -> None:
        """Give up the copies that are under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Copy:
    """A request for the shadow alone."""

    shadow: Shadow
    request: Envelope[Message]
    context: Context

    def send(self) -> None:
        """Let the shadow answer it; nobody waits."""
        self.shadow.send(self.request, self.context)


def _code(error: Exception) -> str:
    match error:
        case PayloadError():
            return "400"
        case GraphTimedOut():
            return "504"
        case UnitFailed() | UnitAnswered():
            return str(error.status)
    return "500"
