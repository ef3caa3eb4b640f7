"""The engine as the fronts see it: predict, send feedback, and ask nodes about themselves."""

import asyncio
from collections.abc import Awaitable, Mapping
from time import monotonic
from typing import Any

from servegraph.engine.aside import Aside
from servegraph.engine.builtin import BuiltIn
from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.feedback import Delivery
from servegraph.engine.local import LocalUnit
from servegraph.engine.plan import Node, Plan
from servegraph.engine.puid import MAX_LENGTH, is_puid
from servegraph.engine.walk import Walk, amended
from servegraph.engine.way import Ways
from servegraph.errors import GraphTimedOut, InvalidPayload, ModelNotFound
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Amendment, Envelope
from servegraph.shared import Ledger


class Engine:
    """Serves one plan. All methods run on the one event loop of the process.

    Args:
        ledger: remembers the way of each prediction, by which feedback is joined to it; answers then
            carry the puid and the versions that answered. None changes no answer, as Seldon's executor.
    """

    def __init__(self, plan: Plan, ledger: Ledger | None, listener: Listener) -> None:
        self._plan = plan
        self._ledger = ledger
        self._listener = listener
        self._aside = Aside()
        units = [node.unit for node in plan.nodes.values()]
        self._reads = any(isinstance(unit, LocalUnit) for unit in units)
        self._only_reads = all(isinstance(unit, LocalUnit | BuiltIn) for unit in units)
        self._walk = Walk(plan)
        self._log = next((node.log for node in plan.nodes.values() if node.log is not None), None)
        self._ways = Ways(plan)
        self._delivery = Delivery(plan, ledger, listener, self._aside)

    async def predict(self, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The graph's answer. Its `meta.puid`, if it gets one, is the message's own, else the context's.

        Raises:
            PayloadError: the caller's mistake.
            UnitError: a component's.
            GraphTimedOut: the deadline passed.
        """
        if self._reads and (request.is_large or context.is_large):
            read = self._aside.do(request.value)
            message = await (read if context.deadline is None else _in_time(read, context))
            if self._only_reads and self._log is None and message.kind == "tensor":
                request.forget_proto()
        if self._log is not None and context.logged and not self._log.admits():
            context.logged = False
        ledger = self._ledger
        puid = context.puid if ledger is None else _identified(request, context)
        asked = self._walk.predict(request, context)
        answer = await (asked if context.deadline is None else _in_time(asked, context))
        way = self._ways.taken(context.routing)
        for router, branch in way.choices:
            self._listener.routed(router, branch)
        if ledger is None:
            return answer
        ledger.record(puid, way.routing)
        return amended(answer, Amendment(puid, way.tags, way.injected))

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        """Deliver feedback; see `Delivery.send`."""
        sent = self._delivery.send(feedback, context)
        return await (sent if context.deadline is None else _in_time(sent, context))

    async def health(self, model: str, context: Context) -> Envelope[Message]:
        """What a node says of its health.

        Raises:
            ModelNotFound: the graph has no such node.
            UnitError: it failed.
        """
        return await self.node(model).unit.health(context)

    async def metadata(self, model: str, context: Context) -> Mapping[str, Any]:
        """A node's metadata document; raises like `health`."""
        return await self.node(model).unit.metadata(context)

    async def all_metadata(self, context: Context) -> dict[str, Mapping[str, Any]]:
        """The documents of all nodes with a component, by node name; raises like `health`."""
        nodes = [node for node in self._plan.nodes.values() if not isinstance(node.unit, BuiltIn)]
        return {node.name: await node.unit.metadata(context) for node in nodes}

    def node(self, name: str) -> Node:
        """A node by its name.

        Raises:
            ModelNotFound: the graph has no such node.
        """
        node = self._plan.nodes.get(name)
        if node is None:
            raise ModelNotFound(f"Failed to find model {name}")
        return node

    async def ready(self, thorough: bool) -> bool:
        """Whether every node can be called."""
        units = [node.unit for node in self._plan.nodes.values()]
        return all(await asyncio.gather(*(unit.ready(thorough) for unit in units)))


def _identified(request: Envelope[Message], context: Context) -> str:
    """The puid under which a prediction is remembered: its message's own, else the context's."""
    # Graphs whose nodes run elsewhere need no decoded body; most bodies show at a glance that they name no puid.
    if request.transport == "rest" and not request.is_decoded and request.text().body.find(b'"puid"') < 0:
        return context.puid
    puid = request.value().meta.puid
    if not puid:
        return context.puid
    if not is_puid(puid):
        raise InvalidPayload(f"meta.puid must be at most {MAX_LENGTH} printable ASCII characters without spaces")
    if not context.brought_puid:
        context.puid = puid
    return puid


_GRACE_S = 0.05  # nodes that run elsewhere keep the deadline themselves, and their error says which node it was


async def _in_time[T](work: Awaitable[T], context: Context) -> T:
    """The result of `work`, unless the request's deadline comes first."""
    assert context.deadline is not None
    try:
        async with asyncio.timeout(context.deadline - monotonic() + _GRACE_S):
            result = await work
    except TimeoutError as error:
        raise GraphTimedOut("the graph did not answer in time") from error
    context.remaining()  # a component in this process that never waits cannot be interrupted
    return result
