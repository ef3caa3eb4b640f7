"""The `process_` families of several processes that serve as one.

Source: the names and meanings of prometheus_client's ProcessCollector. Own choices: memory that
processes share counts once (PSS), and CPU time includes that of workers that have ended.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_PROC = Path("/proc")
_CPU, _ENDED_CPU = slice(11, 13), slice(13, 15)  # of /proc/<pid>/stat behind the name: user and system time
_ALONE = frozenset({"process_start_time_seconds", "process_max_fds"})  # one process says it for all


class Processes:
    """A collector; `pids` gives the parent first, then its workers."""

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        """The families, each the sum over the processes that live."""
        parent, *workers = self._pids()
        for family in ProcessCollector(pid=lambda: parent, registry=None).collect():
            name, text, first = family.name, family.documentation, family.samples[0].value
            if name in _ALONE:
                yield GaugeMetricFamily(name, text, first)
            elif name == "process_cpu_seconds":
                yield CounterMetricFamily(name, text, _cpu_seconds(parent, workers))
            elif name == "process_resident_memory_bytes":
                yield GaugeMetricFamily(name, text, sum(map(_memory, (parent, *workers))))
            else:
                yield GaugeMetricFamily(name, text, first + sum(_value(pid, name) for pid in workers))


def _value(pid: int, name: str) -> float:
    families = ProcessCollector(pid=lambda: pid, registry=None).collect()
    return next((float(family.samples[0].value) for family in families if family.name == name), 0.0)


def _cpu_seconds(parent: int, workers: Sequence[int]) -> float:
    times = [*_times(parent, _CPU), *_times(parent, _ENDED_CPU)]
    times += [time for pid in workers for time in _times(pid, _CPU)]
    return sum(times) / os.sysconf("SC_CLK_TCK")


def _times(pid: int, which: slice) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[which]]
    return []


def _memory(pid: int) -> float:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return _value(pid, "process_resident_memory_bytes")
