"""One life of a child: a process group that cannot outlive us, and its output."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from servegraph.supervisor import tether
from servegraph.supervisor.output import Output

LAST_WORDS_S = 1.0  # how long the output of a child that ended may still come


@dataclass(frozen=True, slots=True)
class Command:
    """What to run.

    Attributes:
        environment: variables on top of ours.
        folder: where it runs; None for where we do.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str] | None = None
    folder: Path | None = None


class Process:
    """A running child, made by `spawn`."""

    def __init__(self, process: asyncio.subprocess.Process, reading: asyncio.Task[None]) -> None:
        self._process = process
        self._reading = reading

    @classmethod
    async def spawn(cls, command: Command, output: Output) -> "Process":
        """Start a child in a session of its own: a Ctrl-C at the terminal reaches us alone, and we end the child.

        Raises:
            OSError: the machine has no room for another process, or the folder does not exist.
        """
        # The pipe is ours, not asyncio's, which would wait for whoever inherited the other end.
        ours, theirs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
                *command.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env={**os.environ, **(command.environment or {})},
                cwd=command.folder,
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, asyncio.create_task(output.read(ours)))

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the child's end, and make it that of the processes it started. Its exit code is returned."""
        code = await self._process.wait()
        self._signal(signal.SIGKILL)
        await asyncio.wait([self._reading], timeout=LAST_WORDS_S)
        self._reading.cancel()
        return code

    def terminate(self) -> None:
        """Ask the child to end, and to end what it started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def terminate_all(self) -> None:
        """Ask the processes that the child started, too."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End them without asking."""
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
