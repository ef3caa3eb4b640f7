"""Serve until a signal says stop."""

import asyncio
import signal
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Signals:
    """The first SIGINT, SIGTERM or SIGHUP says stop; a second one says now."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """Hear signals from now on, on the running loop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._arrived)

    async def unless_stopped[T](self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of `work`, or None if the signal comes first; then the work is cancelled."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            stopped.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def _arrived(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()
