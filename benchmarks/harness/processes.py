"""Start servers on their cores, and leave nothing behind: after an error, after Ctrl-C, after SIGTERM."""

import ctypes
import os
import random
import signal
import socket
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from harness import machine

END_S = 10.0
_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h


class BenchmarkFailed(Exception):
    """What is to be measured does not start, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, with variables on top of ours, and where."""

    arguments: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


class Processes:
    """The processes of one server, as long as the context lasts. What they print goes to a file."""

    def __init__(self, commands: Sequence[Command], cores: Collection[int], log: Path) -> None:
        self._commands = commands
        self._cores = cores
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        with self._log.open("wb") as output:
            for command in self._commands:
                self._started.append(_start(command, self._cores, output.fileno()))
        return self

    def __exit__(self, *_: object) -> None:
        """Ask them to end; kill what does not."""
        pids = self.pids()
        _send([process.pid for process in self._started], signal.SIGTERM)
        until = monotonic() + END_S
        while monotonic() < until and any(process.poll() is None for process in self._started):
            sleep(0.02)
        _send(pids, signal.SIGKILL)
        for process in self._started:
            process.wait()

    def pids(self) -> list[int]:
        """All processes of the server, the first one first."""
        return machine.tree(process.pid for process in self._started)

    def check(self) -> None:
        """Raise BenchmarkFailed if one has ended."""
        for process in self._started:
            if process.poll() is not None:
                raise BenchmarkFailed(f"it ended with {process.returncode}: {self.last_words()}")

    def busy_share(self, seconds: float) -> float:
        """The share of a core that they use for some seconds."""
        before = machine.cpu_seconds(self.pids())
        sleep(seconds)
        return (machine.cpu_seconds(self.pids()) - before) / seconds

    def last_words(self) -> str:
        """The last line it printed, and where the others are."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return f"{next((line for line in reversed(lines) if line.strip()), 'it said nothing')} ({self._log})"


def adopt_orphans() -> None:
    """Become the parent of whatever our children leave behind, so that `end_all` finds it."""
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all() -> None:
    """Kill everything below this process."""
    while pids := machine.tree([os.getpid()])[1:]:
        _send(pids, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def free_port() -> int:
    """A port below those that the kernel gives to clients, so that no connection takes it before the server does."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def tied(command: Sequence[str], cores: Collection[int]) -> list[str]:
    """The command, which then runs on these cores and dies with us."""
    numbers = ",".join(map(str, sorted(cores)))
    return ["taskset", "--cpu-list", numbers, "setpriv", "--pdeathsig", "KILL", *command]


def _start(command: Command, cores: Collection[int], output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        tied(command.arguments, cores),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env={**os.environ, **command.variables},
        cwd=command.folder,
        start_new_session=True,  # Ctrl-C is for us; we end them
    )


def _send(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
