"""Keep a child process running: start it, start it again when it dies, end it cleanly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Protocol

from servegraph.errors import EnvironmentFault
from servegraph.supervisor.output import Echo, Output, to_stderr
from servegraph.supervisor.process import Command, Process

log = logging.getLogger(__name__)

ALONE_S = 1.0  # how long a child may take to end, and to end what it started; then all of them are asked
END_S = 5.0  # how long they may take after that before they are killed
ASK_AGAIN_S = 0.1

Ready = Callable[[], Awaitable[bool]]
"""Asks a child whether it can work; must answer within seconds, and not raise."""


class Child(Protocol):
    """One life of a child; `Process` and `Fork` are such."""

    @property
    def pid(self) -> int: ...

    async def wait(self) -> int:
        """Wait for its end, and make it that of the processes it started. Its exit code is returned."""

    def terminate(self) -> None:
        """Ask it to end."""

    def terminate_all(self) -> None:
        """Ask the processes that it started, too."""

    def kill(self) -> None:
        """End them without asking."""


Spawn = Callable[[], Awaitable[Child]]
"""Starts a child.

Raises:
    OSError: the machine has no room for another process.
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before a child is started again: `first_s`, then twice as long each time, at most `longest_s`.

    A child that was ready for `stable_s` begins with `first_s` anew; one whose readiness nobody asks
    for counts as ready from its start.
    """

    first_s: float = 0.1
    longest_s: float = 10.0
    stable_s: float = 30.0


class Supervisor:
    """Supervises one child process, named in log lines.

    With `ready`, a child that ends before it was ever ready is not started again: `until_ready` says so.

    Args:
        command: what to run, or what starts the child; `environment`, `folder` and `echo` belong to a command.
        alone_s: how long the child may take to end before what it started is asked to end, too.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str] | Spawn,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        ready: Ready | None = None,
        echo: Echo = to_stderr,
        backoff: Backoff | None = None,
        alone_s: float = ALONE_S,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._output = Output(name, echo)
        self._spawn: Spawn
        if callable(command):
            self._spawn, self._silence = command, ""  # it prints where we do
        else:
            self._spawn = partial(Process.spawn, Command(command, environment, folder), self._output)
            self._silence = " and said nothing"
        self._ask = ready
        self._backoff = backoff or Backoff()
        self._alone_s = alone_s
        self._process: Child | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ready_since: float | None = None
        self._was_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurried = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id of the child, or of the last one while there is none; None before `start`."""
        return self._process.pid if self._process else None

    @property
    def is_ready(self) -> bool:
        """Whether the child runs and was ready when it was last asked."""
        return self._ready_since is not None

    async def start(self) -> None:
        """Start the child; from now on it is started again whenever it ends.

        Raises:
            OSError: there is no room for another process, or no such folder.
        """
        self._process = await self._spawn()
        self._watching = asyncio.create_task(self._watch(self._process))

    async def until_ready(self, within: float) -> None:
        """Wait until the child was ready once.

        Raises:
            EnvironmentFault: it ended before, or is not ready within so many seconds.
        """
        assert self._watching is not None
        ready = asyncio.ensure_future(self._was_ready.wait())
        await asyncio.wait([ready, self._watching], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._was_ready.is_set():
            return
        what = "ended before it was ready" if self._watching.done() else f"is not ready after {within:g} s"
        last = "".join(f"\n  {line}" for line in self._output.tail)
        raise EnvironmentFault(f"{self.name} {what}" + (f"; it said last:{last}" if last else self._silence))

    async def stop(self) -> None:
        """End the child: SIGTERM to it, then to all it started, then SIGKILL, each if the one before does not help."""
        self._stopping.set()
        if self._process is None or self._watching is None:
            return
        self._process.terminate()
        hurried = asyncio.ensure_future(self._hurried.wait())
        await asyncio.wait([self._watching, hurried], timeout=self._alone_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not self._watching.done():
            self._process.terminate_all()
        while not (await asyncio.wait([self._watching], timeout=END_S))[0]:
            log.warning("%s does not end; it is killed", self.name)
            self._process.kill()

    def kill(self) -> None:
        """End the child, and what it started, without asking; unless it is being stopped, it is started again."""
        if self._process is not None:
            self._process.kill()

    def hurry(self) -> None:
        """Have a child that is being stopped asked once more, now: it shall not finish what it does."""
        self._hurried.set()

    async def _watch(self, process: Child) -> None:
        delay = self._backoff.first_s
        while True:
            was_stable, code = await self._live(process)
            if self._stopping.is_set() or not self._was_ready.is_set():
                return
            delay = self._backoff.first_s if was_stable else delay
            log.warning("%s ended (%s); it starts again in %.1f s", self.name, _how(code), delay)
            again = await self._start_again(delay)
            if again is None:
                return
            process, delay = again

    async def _live(self, process: Child) -> tuple[bool, int]:
        """One life of the child: whether it was ready for long, and how it ended."""
        getting_ready = asyncio.create_task(self._until_it_says_ready())
        code = await process.wait()
        getting_ready.cancel()
        since, self._ready_since = self._ready_since, None
        return since is not None and monotonic() - since > self._backoff.stable_s, code

    async def _until_it_says_ready(self) -> None:
        started = monotonic()
        while self._ask is not None and not await self._ask():
            await asyncio.sleep(ASK_AGAIN_S)
        self._ready_since = monotonic()
        if self._ask is not None and self._was_ready.is_set():
            log.warning("%s is ready again, after %.1f s", self.name, monotonic() - started)
        self._was_ready.set()

    async def _start_again(self, delay: float) -> tuple[Child, float] | None:
        """Try until it starts; the next delay is returned with it, or nothing if we are to stop."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return None
            delay = min(delay * 2, self._backoff.longest_s)
            try:
                self._process = await self._spawn()
            except OSError as error:
                log.warning("%s cannot be started (%s); the next try is in %.1f s", self.name, error, delay)
                continue
            self.restarts += 1
            if self._stopping.is_set():
                self._process.terminate()
            return self._process, delay


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
