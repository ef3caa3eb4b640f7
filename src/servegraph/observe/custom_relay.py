"""Metrics on their way from a worker to the process that keeps them, as short JSON texts.

Nothing here knows sockets: the worker's side is given what sends, the other side what arrived.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where metrics end up; `servegraph.observe.custom.OriginSink` is one."""

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """What a method of a node's component reported."""

    def reward(self, node: str, reward: float) -> None:
        """A feedback that a node got."""


class Relay:
    """The worker's sink: what it is told has left the process when the call returns."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        try:
            text = orjson.dumps([node, method, list(metrics)], default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError as error:
            log.warning("metrics of %s are lost: %s", method, error)
            return
        self._send(text)

    def reward(self, node: str, reward: float) -> None:
        self._send(orjson.dumps([node, reward]))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def replay(text: bytes, sink: Sink) -> None:
    """Tell a sink what a `Relay` was told."""
    match orjson.loads(text):
        case [str(node), str(method), list(metrics)]:
            sink.custom_metrics(node, method, metrics)
        case [str(node), int() | float() as reward]:
            sink.reward(node, reward)
