"""The parent of several workers: it loads, forks them, starts what watches, and ends all of them.

It answers no request and has one thread, always: forks are made of it as long as it lives, so it must
never start a server, gRPC or another library's threads. Its loop is asyncio's own, which needs none.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic

from rich.console import Console

from servegraph.cli.assemble import LoadedNode
from servegraph.cli.console import print_endpoints
from servegraph.cli.crew_memory import CrewMemory
from servegraph.cli.running import announced
from servegraph.cli.signals import Signals
from servegraph.cli.silence import end_the_silent
from servegraph.project import Project
from servegraph.serving.server import CLOSE_LIMIT_S, CLOSE_NOTICE_S, DRAIN_LIMIT_S, Addresses
from servegraph.supervisor import Group, Mould, Supervisor

READY_S = 600.0  # workers may have to load everything themselves
DRAIN_S = CLOSE_NOTICE_S + DRAIN_LIMIT_S + CLOSE_LIMIT_S + 1.0  # what a worker may take to end

Work = Callable[[int], int]
"""What a worker does, given its number; its exit code is returned."""


class Fleet:
    """All processes of one run.

    Args:
        watchers: the monitors and the like, not yet started; all workers feed them.
        nodes: to be told to people.
    """

    def __init__(
        self,
        project: Project,
        memory: CrewMemory,
        work: Work,
        watchers: Sequence[Supervisor],
        nodes: Sequence[LoadedNode],
    ) -> None:
        self._project = project
        self._memory = memory
        self._watchers = watchers
        self._nodes = nodes
        self._mould = Mould()
        self._group = Group([self._supervised(number, partial(work, number)) for number in range(memory.workers)])

    def _supervised(self, number: int, work: Callable[[], int]) -> Supervisor:
        async def ready() -> bool:
            return self._memory.is_ready(number, worker.pid)

        worker = Supervisor(f"worker {number + 1}", partial(self._mould.fork, work), ready=ready, alone_s=DRAIN_S)
        return worker

    async def run(self, name: str, addresses: Addresses, out: Console, loading_since: float) -> None:
        """Serve a deployment of this name until SIGINT, SIGTERM or SIGHUP.

        Raises:
            EnvironmentFault: a worker does not start; it has said why.
        """
        signals = Signals()
        signals.listen()
        async with AsyncExitStack() as watching, AsyncExitStack() as serving:
            serving.push_async_callback(self._end, signals)
            await self._group.start()
            await signals.unless_stopped(self._group.until_ready(READY_S))
            if signals.stop.is_set():
                return
            for watcher in self._watchers:
                await watcher.start()
                watching.push_async_callback(watcher.stop)  # last of all: what is answered is still watched
            self._memory.open()
            watching.callback(asyncio.ensure_future(end_the_silent(self._group.members, self._memory.beats)).cancel)
            with announced(self._project, addresses):
                seconds = monotonic() - loading_since
                print_endpoints(out, name, addresses, self._nodes, seconds, self._memory.workers)
                await signals.stop.wait()
        out.print("stopped")

    async def _end(self, signals: Signals) -> None:
        """Let all workers answer what they have; at a second signal, drop it."""
        hurrying = asyncio.ensure_future(signals.hurry.wait())
        hurrying.add_done_callback(lambda hurry: None if hurry.cancelled() else self._group.hurry())
        await self._group.stop()
        hurrying.cancel()
