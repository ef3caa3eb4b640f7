"""Keep a child process running: start it, start it again when it dies, end it cleanly."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
STABLE_S = 30.0  # a child that lived this long starts again with the first delay
END_S = 5.0  # how long a child may take to end before it is killed


class Supervisor:
    """Supervises one child process, named in log lines."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the child; from now on it is started again whenever it ends."""
        self._process = await self._spawn()
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _spawn(self) -> asyncio.subprocess.Process:
        # Its own session: a Ctrl-C at the terminal reaches us alone, and we end the child when we are done.
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def _watch(self) -> None:
        delay = FIRST_DELAY_S
        while True:
            assert self._process is not None
            started = monotonic()
            code = await self._process.wait()
            delay = FIRST_DELAY_S if monotonic() - started > STABLE_S else delay
            log.warning("%s ended (%s); it starts again in %.1f s", self._name, _how(code), delay)
            delay = await self._start_again(delay)

    async def _start_again(self, delay: float) -> float:
        """Try until it starts; the next delay is returned."""
        while True:
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_S)
            try:
                self._process = await self._spawn()
            except OSError as error:
                log.warning("%s cannot be started (%s); the next try is in %.1f s", self._name, error, delay)
            else:
                return delay

    async def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL if that does not help."""
        if self._task is not None:
            self._task.cancel()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), END_S)
        except TimeoutError:
            log.warning("%s does not end; it is killed", self._name)
            self._process.kill()
            await self._process.wait()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
