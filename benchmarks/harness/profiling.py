"""Where the time goes: py-spy watches the server under load, and every thread's CPU is shared out by what was seen."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import machine
from harness.contender import Contender, Running, running
from harness.load import Measured, measure, write_requests
from harness.processes import BenchmarkFailed
from harness.run import Conditions
from harness.wrk import wrk

CONNECTIONS = 16
RATE = 200  # samples a second
WARM_UP_S = 1.0
SETTLE_S = 3.0  # py-spy reads the program's symbols before its first sample, and writes after its last
_THREAD = re.compile(r"thread \((\d+)\)")


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread's name, and the microseconds that it computes for a request."""

    name: str
    spent: float


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames from the outermost to the innermost, `function (file:line)`, and the microseconds of a request there."""

    frames: Sequence[str]
    spent: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What was seen.

    Attributes:
        stacks: of threads that run Python.
        threads: microseconds of a request by the name of those threads that do not.
        measured: the same load without being watched.
    """

    stacks: Sequence[Stack]
    threads: Mapping[str, float]
    measured: Measured

    def by(self, name: Callable[[str], str]) -> dict[str, float]:
        """Microseconds by what `name` makes of the innermost frame: whose Python ran, or had called what is none."""
        found: dict[str, float] = {}
        for stack in self.stacks:
            key = name(stack.frames[-1])
            found[key] = found.get(key, 0.0) + stack.spent
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def profile(contender: Contender, conditions: Conditions) -> Profile:
    """Serve, load, watch.

    Raises:
        BenchmarkFailed: py-spy is missing, or may not look into processes.
    """
    questions, form = conditions.fitted.single_rows(), contender.forms[0]
    folder = conditions.folder / "profile"
    with running(contender, questions[0], conditions.fitted, folder, conditions.cores) as alive:
        pid = alive.processes.pids()[0]
        file = write_requests(folder / "requests.bin", [form.request(question.rows) for question in questions])
        _load(alive, conditions, file, WARM_UP_S)
        before = machine.thread_seconds(pid)
        measured = _load(alive, conditions, file, conditions.seconds)
        used = {
            number: Thread(name, 1e6 * (seconds - before.get(number, ("", 0.0))[1]) / measured.requests)
            for number, (name, seconds) in machine.thread_seconds(pid).items()
        }
        lines = _watched(alive, conditions, file, folder / "stacks.txt")
    return _shared_out(lines, used, measured)


def part(frame: str) -> str:
    """The package whose code a frame is; of ours, which part."""
    file = frame.partition(" (")[2].rpartition(":")[0]
    for mark, depth in (("/site-packages/", 1), ("/src/", 2)):
        if mark in file:
            return ".".join(file.partition(mark)[2].removesuffix(".py").split("/")[:depth])
    return "components" if "/project/" in file else "Python's library"


def function(frame: str) -> str:
    """A frame's function without its line, and the end of its file's path."""
    name, _, place = frame.partition(" (")
    return f"{name} ({'/'.join(place.rpartition(':')[0].split('/')[-2:])})"


def _shared_out(lines: Sequence[str], used: Mapping[int, Thread], measured: Measured) -> Profile:
    """Each thread's microseconds, over the stacks that it was seen with."""
    seen: dict[int, list[tuple[list[str], int]]] = {}
    for line in lines:
        stack, _, count = line.rpartition(" ")
        title, *frames = stack.split(";")
        match = _THREAD.match(title)
        if match and frames:
            seen.setdefault(int(match[1]), []).append((frames, int(count)))
    stacks = []
    for number, found in seen.items():
        total = sum(count for _, count in found)
        spent = used[number].spent if number in used else 0.0
        stacks += [Stack(frames, spent * count / total) for frames, count in found]
    others: dict[str, float] = {}
    for number, thread in used.items():
        if number not in seen:
            others[thread.name] = others.get(thread.name, 0.0) + thread.spent
    return Profile(stacks, others, measured)


def _watched(alive: Running, conditions: Conditions, requests: Path, target: Path) -> list[str]:
    """What py-spy saw: a line for each stack."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        raise BenchmarkFailed("py-spy is not installed: pip install py-spy")
    seconds = str(max(1, round(conditions.seconds)))
    options = ["--rate", str(RATE), "--duration", seconds, "--threads", "--full-filenames", "--format", "raw"]
    command = [program, "record", "--pid", str(alive.processes.pids()[0]), *options, "--output", str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watching:
        _load(alive, conditions, requests, conditions.seconds + SETTLE_S)
        said, _ = watching.communicate()
    if watching.returncode:
        raise BenchmarkFailed(f"py-spy failed: {said.strip()}")
    return target.read_text(encoding="utf-8").splitlines()


def _load(alive: Running, conditions: Conditions, requests: Path, seconds: float) -> Measured:
    command = wrk(alive.site.http_port, requests, CONNECTIONS, seconds)
    return measure(alive.processes, command, seconds, conditions.cores.load, alive.idle_bytes)
