"""What the parent knows of its workers: a process and what it said, and the places that they serve."""

import asyncio
from time import monotonic

from servegraph.cli.component_child import Child
from servegraph.observe.custom import OriginSink


class Worker:
    """One worker process and what it said."""

    def __init__(self, child: Child) -> None:
        self.process, self.link = child.process, child.link
        self.ready, self.worn = asyncio.Event(), asyncio.Event()
        self.started = monotonic()
        self.ended = asyncio.ensure_future(self.process.wait())

    async def until(self, event: asyncio.Event) -> bool:
        """Wait for the event, or for the worker's end; whether it was the event."""
        happened = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait([happened, self.ended], return_when=asyncio.FIRST_COMPLETED)
            return event.is_set() and not self.ended.done()
        finally:
            happened.cancel()


class Place:
    """Where one worker serves after the other."""

    def __init__(self, http: int | None, grpc: bool) -> None:
        self.http, self.grpc = http, grpc
        self.worker_id = ""
        self.sink: OriginSink | None = None
        self.workers: list[Worker] = []
