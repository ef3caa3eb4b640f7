"""Several predictors behind one name: each request is answered by one of them, drawn by weight.

Source:
    What Istio does with the routes that Seldon's operator writes: a weighted draw for each request,
    and for a shadow a copy whose answer nobody waits for. Own choices: feedback goes to the predictor
    that answered, where a draw would often miss it, and never to a shadow, which answered nobody.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from time import monotonic
from typing import Any

from servegraph.engine.context import Context
from servegraph.engine.engine import Engine
from servegraph.engine.events import Listener
from servegraph.engine.shadow import Shadow
from servegraph.errors import ModelNotFound, PayloadError
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope
from servegraph.shared import Ledger
from servegraph.spec.annotations import CallLimits


@dataclass(frozen=True, slots=True)
class Share:
    """A predictor that answers, and how often.

    Attributes:
        ledger: the engine's own.
        listener: is told of the requests that it answers.
        weight: its part of the sum of all weights; 0 for never.
        limits: what its annotations say; the front knows those of no predictor.
    """

    engine: Engine
    ledger: Ledger
    listener: Listener
    weight: int
    limits: CallLimits = field(default_factory=CallLimits)

    def take(self, context: Context) -> None:
        """Be the one that answers a request: the front tells us, and our time-out counts."""
        context.listener = self.listener
        limits = self.limits
        seconds = limits.rest_timeout_s if context.transport == "rest" else limits.grpc_timeout_s
        if seconds is not None:
            context.deadline = min(monotonic() + seconds, context.deadline or math.inf)


class Predictors:
    """Implements `Backend`.

    Args:
        shares: at least one; their weights are not negative, and not all 0.
    """

    def __init__(self, shares: Sequence[Share], shadow: Shadow | None = None) -> None:
        self._shares = shares
        self._shadow = shadow
        self._bounds = list(accumulate(share.weight for share in shares))

    async def predict(self, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The answer of the predictor that is drawn; raises like its engine's."""
        share = self._drawn()
        share.take(context)
        copy = self._shadow.copy(request, context) if self._shadow else None
        try:
            return await share.engine.predict(request, context)
        finally:
            if copy is not None:
                copy.send()

    def _drawn(self) -> Share:
        return self._shares[bisect_right(self._bounds, random.random() * self._bounds[-1])]

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        """Deliver feedback to the predictor that answered; what names no prediction goes to a drawn one."""
        share = self._answered(feedback)
        share.take(context)
        return await share.engine.send_feedback(feedback, context)

    def _answered(self, feedback: Envelope[Feedback]) -> Share:
        try:
            value = feedback.value()
        except PayloadError:
            return self._drawn()  # which says so
        puid = value.response.meta.puid or value.request.meta.puid
        found = [(record.time, share) for share in self._shares if (record := share.ledger.find(puid))]
        return max(found, key=lambda each: each[0])[1] if found else self._drawn()

    async def health(self, model: str, context: Context) -> Envelope[Message]:
        """What a node says; of several with one name the first predictor's."""
        return await self._engine_of(model).health(model, context)

    async def metadata(self, model: str, context: Context) -> Mapping[str, Any]:
        return await self._engine_of(model).metadata(model, context)

    async def all_metadata(self, context: Context) -> dict[str, Mapping[str, Any]]:
        """The documents of the first predictor."""
        return await self._shares[0].engine.all_metadata(context)

    async def ready(self, thorough: bool) -> bool:
        """Whether every predictor that answers is ready."""
        for share in self._shares:
            if not await share.engine.ready(thorough):
                return False
        return True

    def _engine_of(self, model: str) -> Engine:
        for engine in self._engines():
            try:
                engine.node(model)
            except ModelNotFound:
                continue
            return engine
        return self._shares[0].engine  # which says so

    def _engines(self) -> Iterator[Engine]:
        yield from (share.engine for share in self._shares)
        if self._shadow:
            yield self._shadow.engine
