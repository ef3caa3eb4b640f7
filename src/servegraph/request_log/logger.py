"""The request logger of one predictor: what of its nodes' traffic becomes an event, and for which sink.

Its methods are called on the request path: they take the bytes that are there, or make them once
for everybody who needs them, and return. They never raise.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from servegraph.engine.context import Context
from servegraph.payload.envelope import Envelope, Text
from servegraph.request_log.event import Event, Kind, Origin
from servegraph.request_log.sink import Counts, Limits, Sink
from servegraph.spec.logger import NodeLogger

log = logging.getLogger(__name__)


class RequestLogger:
    """Logs to the sinks of `nodes`, a logger for each node's name.

    Used from one asyncio loop, by one thread. What is logged before `run` waits for it.
    """

    def __init__(self, nodes: Mapping[str, NodeLogger], origin: Origin, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._delivery_s = limits.delivery_s
        sinks = {node.url: Sink(node.url, origin, limits) for node in nodes.values()}
        self._sinks = list(sinks.values())
        self._requests = {name: sinks[node.url] for name, node in nodes.items() if node.requests}
        self._responses = {name: sinks[node.url] for name, node in nodes.items() if node.responses}
        self._ended = asyncio.Event()
        self._ended.set()

    def request(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A message is about to be given to a node, or to its children."""
        self._log("request", self._requests.get(node), node, envelope, context)

    def response(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A node, or its children, answered."""
        self._log("response", self._responses.get(node), node, envelope, context)

    def feedback(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A reward came to a node; logged where responses are."""
        self._log("feedback", self._responses.get(node), node, envelope, context)

    def counts(self) -> dict[str, Counts]:
        """What became of the events, by sink: its address without user, password and query."""
        found: dict[str, Counts] = {}
        for sink in self._sinks:
            new, old = sink.counts(), found.get(sink.name, Counts(0, 0, 0))
            found[sink.name] = Counts(old.sent + new.sent, old.failed + new.failed, old.dropped + new.dropped)
        return found

    async def run(self) -> None:
        """Send events until `close`."""
        self._ended.clear()
        try:
            import aiohttp  # a quarter of a second, for graphs without a logger

            timeout = aiohttp.ClientTimeout(total=self._delivery_s)
            connector = aiohttp.TCPConnector(limit=0)
            jar = aiohttp.DummyCookieJar()
            async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
                await asyncio.gather(*(sink.run(session) for sink in self._sinks))
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Take no more events, send what still waits within the limit's seconds, and end `run`."""
        for sink in self._sinks:
            sink.close()
        await self._ended.wait()

    def _log(self, kind: Kind, sink: Sink | None, node: str, envelope: Envelope[Any], context: Context) -> None:
        if sink is None or not context.logged:
            return
        if sink.is_full:
            sink.drop("the queue is full")  # before its body is made
            return
        try:
            text = _text(envelope)
        except Exception as error:
            # Whoever needs the body next gets the same error, and answers it.
            sink.drop(f"a {kind} of node {node!r} cannot be written: {type(error).__name__}")
            return
        encoding = text.encoding.strip().lower()
        sink.offer(Event(kind, node, context.puid, time.time_ns(), text.body, text.content_type, encoding))


def _text(envelope: Envelope[Any]) -> Text:
    """The body as the caller's transport carries it."""
    if envelope.transport == "grpc":
        return Text(envelope.proto().SerializeToString(), "application/protobuf")
    return envelope.text()
