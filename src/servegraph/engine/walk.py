"""Walk a plan for one request: transform input, route, ask children, aggregate, transform output.

Source:
    Seldon's executor: route -1 asks all children in parallel and, without a combiner, answers
    with the first; -2 asks none and answers with the current message; any other number is
    that child. The routing map records -1 for every node that was called on the way in or
    fanned out. A node with a logger is logged around each call, and around its children.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from servegraph.engine.context import Context
from servegraph.engine.plan import Node, Plan, RoutingInjection
from servegraph.engine.separation import own_message
from servegraph.engine.unit import Method
from servegraph.errors import InvalidRoute, PayloadError
from servegraph.payload import Message
from servegraph.payload.envelope import Amendment, Envelope

ALL_CHILDREN = -1
NO_CHILD = -2

Request = Envelope[Message]


class Walk:
    """Walks one plan; a request's own state is in its context."""

    def __init__(self, plan: Plan) -> None:
        self._root = plan.root
        self._injects = plan.injection is RoutingInjection.AFTER_EACH_NODE

    def predict(self, request: Request, context: Context) -> Awaitable[Request]:
        """The graph's answer; `context.routing` tells the way it took.

        Raises:
            PayloadError: the rows do not fit a node.
            UnitError: a component failed, or a router chose no child.
            GraphTimedOut: the deadline passed.
        """
        return self._visit(self._root, request, context)

    async def _visit(self, node: Node, request: Request, context: Context) -> Request:
        while True:
            log = node.log if context.logged else None
            if node.expectation is not None or node.tap is not None:
                request = _prepared(node, request)
            if node.on_input is not None:
                context.routing[node.name] = ALL_CHILDREN
                if log is not None:
                    log.request(node.name, request, context)
                request = await node.unit.transform(node.on_input, request, context)
                if log is not None:
                    log.response(node.name, request, context)
            if not node.hands_over or log is not None:
                break
            branch = await node.unit.route(request, context) if node.routes else ALL_CHILDREN
            chosen = children(node, branch)
            context.routing[node.name] = branch
            if len(chosen) != 1:
                return await self._first(chosen, request, context)
            node = chosen[0]
        if node.children:
            if log is not None:
                log.request(node.name, request, context)
            request = await self._descend(node, request, context)
            if log is not None:
                log.response(node.name, request, context)
        if node.transforms_output:
            if log is not None:
                log.request(node.name, request, context)
            request = await node.unit.transform(Method.TRANSFORM_OUTPUT, request, context)
            if log is not None:
                log.response(node.name, request, context)
        if self._injects:
            request = amended(request, Amendment(routing=dict(context.routing), creates_meta=False))
        return request

    async def _descend(self, node: Node, request: Request, context: Context) -> Request:
        branch = await node.unit.route(request, context) if node.routes else ALL_CHILDREN
        chosen = children(node, branch)
        context.routing[node.name] = branch
        if not chosen or not node.aggregates:
            return await self._first(chosen, request, context)
        answers = await self._answers(chosen, request, context)
        log = node.log if context.logged else None
        if log is not None:
            log.request(node.name, request, context)  # of a combiner, what its children were given
        answer = await node.unit.aggregate(answers, context)
        if log is not None:
            log.response(node.name, answer, context)
        return answer

    async def _first(self, nodes: Sequence[Node], request: Request, context: Context) -> Request:
        """The answer of the first of several nodes that are asked; of none the request itself."""
        return (await self._answers(nodes, request, context))[0] if nodes else request

    async def _answers(self, nodes: Sequence[Node], request: Request, context: Context) -> list[Request]:
        if len(nodes) == 1:
            return [await self._visit(nodes[0], request, context)]
        visits = [self._visit(node, own_message(request), context) for node in nodes]
        return await in_parallel(visits)


def amended(answer: Request, amendment: Amendment) -> Request:
    """The answer with an amended `meta`; one that is no JSON, or compressed, has none and stays as it is."""
    try:
        return answer.amended(amendment)
    except PayloadError:
        return answer


def children(node: Node, branch: int) -> Sequence[Node]:
    """The children that a branch stands for.

    Raises:
        InvalidRoute: there is no such child.
    """
    if not NO_CHILD <= branch < len(node.children):
        raise InvalidRoute(node.name, "route", f"chose child {branch} of {len(node.children)}")
    if branch == NO_CHILD:
        return ()
    return node.children if branch == ALL_CHILDREN else node.children[branch : branch + 1]


async def in_parallel(visits: Sequence[Any]) -> list[Any]:
    """All results; when some fail, all have ended, and the error of the first in order is raised."""
    results = await asyncio.gather(*visits, return_exceptions=True)
    result = None
    try:
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results
    finally:
        del results, result  # the error would keep them, and with them itself and the message


def _prepared(node: Node, request: Request) -> Request:
    message = request.value()
    if node.expectation is not None:
        fitting = node.expectation.fit(message)
        if fitting is not message:
            message, request = fitting, request.with_value(fitting)
    if node.tap is None:
        return request
    if message.is_array:
        node.tap.see(message.value, message.names)
    tags = node.tap.tags()
    return request.amended(Amendment(tags=tags)) if tags else request
