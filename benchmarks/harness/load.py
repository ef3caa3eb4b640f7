"""Load on a server for some seconds: what was sent, what came of it, and what it cost."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from harness import machine
from harness.processes import BenchmarkFailed, Processes, tied

GRPC_LOAD = Path(__file__).parents[1] / "grpc_load.py"
_MARGIN_S = 30.0  # what a generator may take beyond its time


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Attributes:
        errors: failed connections, time-outs, and answers that are no success.
        p50, p99, p999, longest: of the latency, in milliseconds.
        cpu_us: of the server's processes, for a request.
        generator_busy: share of its core that the load generator needed; at 1 it is the generator that was measured.
        grown: bytes that the server's processes held at most, above what they held before anybody asked.
        delivered, lost: events of the request log that its sink got, and that it did not get.
        rows, rows_lost: rows that the drift monitor got, and that it did not get.
    """

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float
    p999: float
    longest: float
    cpu_us: float
    generator_busy: float
    grown: int
    delivered: int = 0
    lost: int = 0
    rows: int = 0
    rows_lost: int = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def grpc_load(path: str, port: int, requests: Path, calls: int, seconds: float) -> Sequence[str]:
    """The command of our own client for gRPC."""
    numbers = [str(calls), str(seconds)]
    return [sys.executable, str(GRPC_LOAD), "load", path, str(port), str(requests), *numbers]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is called again and again while it is measured, and after how many seconds."""

    look: Callable[[], None]
    every_s: float


def measure(
    processes: Processes,
    command: Sequence[str],
    seconds: float,
    cores: Collection[int],
    idle_bytes: int,
    watch: Watch | None = None,
) -> Measured:
    """Run a load generator against a server.

    Args:
        idle_bytes: what the server held in memory before anybody asked it.
    Raises:
        BenchmarkFailed: a server ended, or the generator failed.
    """
    pids = processes.pids()
    machine.begin_peak(pids)
    cpu, own, started = machine.cpu_seconds(pids), _children_cpu(), monotonic()
    said = _run(command, seconds, cores, watch)
    wall = monotonic() - started
    processes.check()
    requests = said["requests"]
    return Measured(
        requests,
        said["seconds"],
        said["errors"],
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        p999=said["p999"] / 1000,
        longest=said["max"] / 1000,
        cpu_us=(machine.cpu_seconds(pids) - cpu) / max(1, requests) * 1e6,
        generator_busy=(_children_cpu() - own) / wall,
        grown=machine.peak_bytes(pids) - idle_bytes,
    )


def _run(command: Sequence[str], seconds: float, cores: Collection[int], watch: Watch | None) -> Mapping[str, Any]:
    """What the generator says in its last line."""
    until = monotonic() + seconds + _MARGIN_S
    pipe = subprocess.PIPE
    with subprocess.Popen(tied(command, cores), stdout=pipe, stderr=pipe, text=True) as generator:
        while True:
            try:
                output, errors = generator.communicate(timeout=watch.every_s if watch else seconds + _MARGIN_S)
                break
            except subprocess.TimeoutExpired:
                if monotonic() > until:
                    generator.kill()
                    raise BenchmarkFailed(f"{command[0]} does not end") from None
                if watch:
                    watch.look()
    if generator.returncode or not output.strip():
        raise BenchmarkFailed(f"{command[0]} failed: {(errors or output).strip()[-300:]}")
    answer: Mapping[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def write_requests(file: Path, requests: Sequence[bytes]) -> Path:
    """Requests as `wrk.lua` and `grpc_load.py` read them."""
    file.write_bytes(b"".join(b"%012d%b" % (len(request), request) for request in requests))
    return file


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
