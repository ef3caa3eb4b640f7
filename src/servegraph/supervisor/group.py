"""Several children that are needed together."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from servegraph.errors import EnvironmentFault
from servegraph.supervisor.supervisor import Supervisor


class Group:
    """Starts its members in their order and ends them in the opposite one."""

    def __init__(self, members: Sequence[Supervisor]) -> None:
        self.members = tuple(members)

    async def start(self) -> None:
        """Start all; none waits for the one before it to be ready."""
        for member in self.members:
            await member.start()

    async def until_ready(self, within: float, say: Callable[[str, float], None] = lambda name, seconds: None) -> None:
        """Wait until all are ready. `say` hears each one's name and the seconds it took, in the order of readiness.

        Raises:
            EnvironmentFault: one ended before it was ready, or took longer than `within` seconds; the first to do so.
        """
        started = monotonic()

        async def wait(member: Supervisor) -> None:
            await member.until_ready(within)
            say(member.name, monotonic() - started)

        try:
            async with asyncio.TaskGroup() as waiting:
                for member in self.members:
                    waiting.create_task(wait(member))
        except* EnvironmentFault as failed:
            first = failed.exceptions[0]
            assert isinstance(first, EnvironmentFault)
            fault = first
        else:
            return
        raise fault

    async def stop(self) -> None:
        """Ask all to end, the last one first, and wait for them together."""
        await asyncio.gather(*(member.stop() for member in reversed(self.members)))

    def hurry(self) -> None:
        """Ask all once more, while they are being stopped."""
        for member in self.members:
            member.hurry()
