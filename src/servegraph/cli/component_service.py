"""The component's `custom_service`, which runs in a process of its own beside the servers.

Source:
    Seldon's component server: one daemon process, whose object was built and not loaded.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from threading import Thread

from servegraph.cli import component_child, component_link

END_S = 2.0

log = logging.getLogger(__name__)


def run_service(service: Callable[[], object], link: int) -> None:
    """Run it in this process, until it returns or the parent ends."""
    line = component_link.inherited(link)

    def follow() -> None:
        line.wait_for_end()
        os._exit(0)

    Thread(target=follow, daemon=True).start()
    service()


class Service:
    """The process of a `custom_service`; one that ends is not started again."""

    def __init__(self) -> None:
        self._child: component_child.Child | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._child is None:
            self._child = await component_child.start(service=True)
            self._watching = asyncio.get_running_loop().create_task(self._watch(self._child.process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if code not in (0, -signal.SIGTERM):
            log.error("custom_service ended with code %d", code)

    async def stop(self) -> None:
        if self._child is not None and self._watching is not None:
            await component_child.end(self._child.process, END_S)
            await self._watching
            self._child.link.close()
