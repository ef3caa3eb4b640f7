"""Feedback: find the prediction by its puid, and tell the nodes on its way.

Clients are not trusted to say which arm answered: the routing comes from our own record. A zero
reward counts like any other.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from time import monotonic

from servegraph.engine.events import Listener
from servegraph.engine.plan import Node, Plan
from servegraph.engine.walk import ALL_CHILDREN, NO_CHILD
from servegraph.errors import InvalidPayload, UnknownPuid
from servegraph.payload import Feedback


@dataclass(slots=True)
class Record:
    """The way of one prediction, when it was made (monotonic seconds), and whether it was rewarded."""

    routing: Mapping[str, int]
    time: float
    rewarded: bool = False


class Ledger:
    """The routings of the last `capacity` predictions, by puid; the oldest are forgotten."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._routings: dict[tuple[tuple[str, int], ...], Mapping[str, int]] = {}
        self._capacity = capacity

    def record(self, puid: str, routing: Mapping[str, int]) -> None:
        # A graph has few ways through it: one mapping each serves all of their predictions.
        shared = self._routings.setdefault(tuple(routing.items()), routing)
        self._records[puid] = Record(shared, monotonic())
        self._records.move_to_end(puid)
        if len(self._records) > self._capacity:
            self._records.popitem(last=False)

    def find(self, puid: str) -> Record | None:
        return self._records.get(puid)


async def send(plan: Plan, ledger: Ledger, feedback: Feedback, listener: Listener) -> Mapping[str, int]:
    """Deliver feedback along the routing of its prediction; the routing is returned.

    A second feedback for the same puid is answered like the first and counted as a duplicate.

    Raises:
        InvalidPayload: it names no puid, or the reward is not finite.
        UnknownPuid: no prediction with that puid is on record.
        UnitError: a component's `send_feedback` failed.
    """
    puid = feedback.response.meta.puid or feedback.request.meta.puid
    if not isfinite(feedback.reward):
        listener.feedback("invalid", {}, 0.0, 0.0)
        raise InvalidPayload("reward must be a finite number")
    if not puid:
        listener.feedback("invalid", {}, feedback.reward, 0.0)
        raise InvalidPayload("feedback names no prediction", hint="send the answer's meta.puid in response.meta.puid")
    record = ledger.find(puid)
    if record is None:
        listener.feedback("unknown", {}, feedback.reward, 0.0)
        raise UnknownPuid(f"no prediction with puid {puid!r} is on record", hint="it is too old, or from elsewhere")
    if record.rewarded:
        listener.feedback("duplicate", {}, feedback.reward, 0.0)
        return record.routing
    record.rewarded = True
    try:
        await _deliver(plan.root, feedback, record.routing)
    except BaseException:
        record.rewarded = False  # so that the client can try again
        raise
    arms = {router: record.routing[router] for router in plan.routers & record.routing.keys()}
    listener.feedback("joined", arms, feedback.reward, monotonic() - record.time)
    return record.routing


async def _deliver(node: Node, feedback: Feedback, routing: Mapping[str, int]) -> None:
    branch = routing.get(node.name)
    children = node.children
    if branch == NO_CHILD:
        children = ()
    elif branch is not None and branch != ALL_CHILDREN:
        children = node.children[branch : branch + 1]
    await asyncio.gather(*(_deliver(child, feedback, routing) for child in children))
    if node.reward is not None:
        await node.reward(feedback, branch)
