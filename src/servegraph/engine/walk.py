"""Walk a plan for one request: transform input, route, ask children, aggregate, transform output.

Source:
    Seldon's executor: route -1 asks all children in parallel and, without a combiner, answers
    with the first; -2 asks none and answers with the current message; any other number is
    that child. The routing map records -1 for every node that was called or fanned out.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from servegraph.engine.events import Listener
from servegraph.engine.plan import Node, Plan
from servegraph.errors import InvalidRoute
from servegraph.payload import Message, Meta

ALL_CHILDREN = -1
NO_CHILD = -2


async def predict(plan: Plan, message: Message, listener: Listener) -> tuple[Message, dict[str, int]]:
    """The graph's answer to a message, and the routing it took.

    Raises:
        PayloadError: the rows do not fit a node.
        UnitError: a component failed, or a router chose no child.
    """
    routing: dict[str, int] = {}
    answer = await _visit(plan.root, message, routing)
    for router in plan.routers & routing.keys():
        listener.routed(router, routing[router])
    return replace(answer, meta=_final_meta(plan, answer.meta, message.meta.puid, routing)), routing


def _final_meta(plan: Plan, meta: Meta, puid: str, routing: dict[str, int]) -> Meta:
    versions = {node: plan.versions[node] for node in routing if node in plan.versions}
    tags = {**meta.tags, "versions": versions} if versions else meta.tags
    return Meta(puid, tags, routing if plan.injects_routing else {}, meta.request_path, meta.metrics)


async def _visit(node: Node, message: Message, routing: dict[str, int]) -> Message:
    if node.expectation is not None:
        message = node.expectation.fit(message)
    if node.tap is not None:
        message = _observed(node, message)
    if node.on_input is not None:
        routing[node.name] = ALL_CHILDREN
        message = await node.on_input(message)
    if node.children:
        message = await _descend(node, message, routing)
    if node.on_output is not None:
        message = await node.on_output(message)
    return message


def _observed(node: Node, message: Message) -> Message:
    assert node.tap is not None
    if message.is_array:
        node.tap.see(message.value, message.names)
    tags = node.tap.tags()
    if not tags:
        return message
    return replace(message, meta=replace(message.meta, tags={**message.meta.tags, **tags}))


async def _descend(node: Node, message: Message, routing: dict[str, int]) -> Message:
    branch = ALL_CHILDREN if node.route is None else await node.route(message)
    if not NO_CHILD <= branch < len(node.children):
        raise InvalidRoute(node.name, "route", f"chose child {branch} of {len(node.children)}")
    routing[node.name] = branch
    if branch == NO_CHILD:
        return message
    answers = await _ask(_chosen(node, branch), message, routing)
    return answers[0] if node.aggregate is None else await node.aggregate(answers)


def _copy(message: Message) -> Message:
    """A message of a child's own: components may change in place what they get."""
    meta = message.meta
    own = replace(meta, tags=dict(meta.tags), request_path=dict(meta.request_path), metrics=list(meta.metrics))
    return replace(message, value=message.value.copy() if message.is_array else message.value, meta=own)


def _chosen(node: Node, branch: int) -> Sequence[Node]:
    return node.children if branch == ALL_CHILDREN else node.children[branch : branch + 1]


async def _ask(children: Sequence[Node], message: Message, routing: dict[str, int]) -> list[Message]:
    if len(children) == 1:
        return [await _visit(children[0], message, routing)]
    visits = [_visit(child, _copy(message), routing) for child in children]
    results = await asyncio.gather(*visits, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, Message)]
