"""The `meta` of an answer: what came in, and what the component adds.

Source:
    Seldon's component server: tags of the component replace incoming ones, its metrics follow
    incoming ones, its own entry of `requestPath` gives way to an incoming one; `routing` and
    unknown members end here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servegraph.payload import Message, Meta
from servegraph.payload.message import UNSENT
from servegraph.payload.wire_json import document_of_meta

_NO_IMAGE = "NOT_IMPLEMENTED:NOT_IMPLEMENTED"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which node a component is.

    Attributes:
        unit: the node's name; empty where nobody said it, and answers then have no `requestPath`.
        image: its container's image, empty likewise.
    """

    unit: str = ""
    image: str = ""


def own_path(identity: Identity) -> Mapping[str, str]:
    """A component's own entry of `requestPath`."""
    return {identity.unit: identity.image or _NO_IMAGE} if identity.unit else {}


def passed_on(own: Mapping[str, str], incoming: Meta) -> Meta:
    """The meta of an answer to which the component adds nothing but its own entry of `requestPath`."""
    return Meta(incoming.puid, incoming.tags, {}, {**own, **incoming.request_path}, incoming.metrics)


def answered(
    own: Mapping[str, str], incoming: Meta, tags: Iterable[Any], metrics: Sequence[dict[str, Any]] = ()
) -> Meta:
    """The meta of an answer.

    Args:
        own: the component's own entry of `requestPath`.
        tags: what the component says of its tags, one after the other; empty ones count for nothing.

    Raises:
        TypeError, ValueError: some are neither a mapping nor pairs.
    """
    all_tags = incoming.tags
    for addition in tags:
        if addition:
            all_tags = dict(all_tags)
            all_tags.update(addition)
    meta = passed_on(own, incoming)
    meta.tags = all_tags
    if metrics:
        meta.metrics = [*incoming.metrics, *metrics]
    return meta


def merged(messages: Sequence[Message]) -> Meta:
    """What a combiner's answer takes over: tags and paths, later ones first, all metrics, the first puid."""
    meta = Meta(puid=messages[0].meta.puid)
    for message in messages:
        meta.tags.update(message.meta.tags)
        meta.request_path.update(message.meta.request_path)
        meta.metrics.extend(message.meta.metrics)
    return meta


def as_sent(meta: Meta) -> Any:
    """`meta` as a method sees it: the JSON object that was sent, None where none was; else its members."""
    return document_of_meta(meta) if meta.sent is UNSENT else meta.sent
