"""Feedback: find the prediction by its puid, and tell the nodes on its way.

Source:
    Seldon's executor: children first, then the node itself; `response.meta.routing` of the
    feedback says which child of a router; the answer is the root's, or the feedback itself where
    the root is not asked. Own choice: feedback that names its prediction goes the way on our own
    record, whatever it says itself, as clients are not trusted to say which arm answered. A zero
    reward counts like any other.
"""

from collections.abc import Mapping
from math import isfinite
from time import monotonic
from typing import Any

from servegraph.engine.aside import Aside
from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.plan import Node, Plan
from servegraph.engine.walk import ALL_CHILDREN, children, in_parallel
from servegraph.errors import InvalidPayload, PayloadError, UnknownPuid
from servegraph.payload import Feedback
from servegraph.payload.envelope import Amendment, Envelope
from servegraph.shared import Ledger, Record


class Delivery:
    """Tells the nodes of one plan about rewards.

    Args:
        ledger: the ways of earlier predictions; None trusts what feedback says itself.
        aside: reads large feedback.
    """

    def __init__(self, plan: Plan, ledger: Ledger | None, listener: Listener, aside: Aside) -> None:
        self._plan = plan
        self._ledger = ledger
        self._listener = listener
        self._aside = aside

    async def send(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        """The answer: the root's, or the feedback itself.

        A second feedback for the same puid reaches no node again and is counted as a duplicate.

        Raises:
            InvalidPayload: the reward is not finite, or the feedback cannot be read.
            UnknownPuid: no prediction with that puid is on record.
            UnitError: a component's `send_feedback` failed.
        """
        if self._ledger is None:
            routing = await self._claimed(feedback, context) if self._plan.root.children else {}
            return await self._deliver(self._plan.root, feedback, routing, context)
        return await self._joined(self._ledger, feedback, context)

    async def _joined(self, ledger: Ledger, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        try:
            value = await self._read(feedback, context)
            if not isfinite(value.reward):
                raise InvalidPayload("reward must be a finite number")
        except PayloadError:
            self._listener.feedback("invalid", {}, 0.0, 0.0)
            raise
        puid = value.response.meta.puid or value.request.meta.puid
        if not puid:
            answer = await self._deliver(self._plan.root, feedback, value.response.meta.routing, context)
            self._listener.feedback("unnamed", {}, value.reward, 0.0)
            return answer
        record = ledger.find(puid)
        if record is None:
            self._listener.feedback("unknown", {}, value.reward, 0.0)
            raise UnknownPuid(f"no prediction with puid {puid!r} is on record", hint="it is too old, or from elsewhere")
        if not record.claim():
            self._listener.feedback("duplicate", {}, value.reward, 0.0)
            return feedback
        return await self._rewarded(record, feedback, context)

    async def _claimed(self, feedback: Envelope[Feedback], context: Context) -> Mapping[str, int]:
        """The routing that feedback itself brings; what cannot be read brings none, and reaches every node."""
        try:
            return (await self._read(feedback, context)).response.meta.routing
        except PayloadError:
            return {}

    async def _read(self, feedback: Envelope[Feedback], context: Context) -> Feedback:
        is_large = feedback.is_large or context.is_large
        return await self._aside.do(feedback.value) if is_large else feedback.value()

    async def _rewarded(self, record: Record, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        told = feedback.amended(Amendment(routing=record.routing))
        try:
            answer = await self._deliver(self._plan.root, told, record.routing, context)
        except BaseException:
            record.release()  # so that the client can try again
            raise
        arms = {router: record.routing[router] for router in self._plan.routers & record.routing.keys()}
        self._listener.feedback("joined", arms, feedback.value().reward, monotonic() - record.time)
        return answer

    async def _deliver(
        self, node: Node, feedback: Envelope[Feedback], routing: Mapping[str, int], context: Context
    ) -> Envelope[Any]:
        if node.log is not None and context.logged:
            node.log.feedback(node.name, feedback, context)
        chosen = children(node, routing.get(node.name, ALL_CHILDREN)) if node.children else ()
        await in_parallel([self._deliver(child, feedback, routing, context) for child in chosen])
        return await node.unit.send_feedback(feedback, context) if node.hears_feedback else feedback
