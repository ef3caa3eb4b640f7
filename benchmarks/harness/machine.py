"""The machine: which cores there are, and what processes use. Linux only: everything comes from /proc and /sys."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where. With one core all share it, and the figures say little.

    Attributes:
        server: the cores of what is measured.
        load: the cores of what measures.
    """

    server: frozenset[int]
    load: frozenset[int]

    def shared(self) -> "Cores":
        """All cores for everybody."""
        both = self.server | self.load
        return Cores(both, both)

    def single(self) -> "Cores":
        """The server's cores for everybody."""
        return Cores(self.server, self.server)

    @property
    def are_separate(self) -> bool:
        return self.server.isdisjoint(self.load)


def cores() -> Cores:
    """One core for the servers, another for the load; not two threads of one core if it can be helped."""
    there = sorted(os.sched_getaffinity(0))
    load = there[0]
    others = [core for core in there if core not in _siblings(load)] or there[1:] or there
    return Cores(frozenset(others[:1]), frozenset([load]))


def _siblings(core: int) -> set[int]:
    """The hardware threads of the core that this one belongs to; itself where nothing is known."""
    found = {core}
    with suppress(OSError, ValueError):
        text = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text(encoding="ascii")
        for part in text.strip().split(","):
            first, _, last = part.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
    return found


def name_of_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def busy_share(seconds: float) -> float:
    """The share of all cores that was in use for some seconds, by whomever."""
    before = _ticks()
    sleep(seconds)
    used, idle = (after - earlier for after, earlier in zip(_ticks(), before, strict=True))
    return used / max(1, used + idle)


def _ticks() -> tuple[int, int]:
    """All cores' time in use and not, so far: the first line of /proc/stat."""
    fields = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, idle


def tree(pids: Iterable[int]) -> list[int]:
    """These processes and all below them, parents first."""
    below: dict[int, list[int]] = {}
    for pid, fields in _stats():
        below.setdefault(int(fields[1]), []).append(pid)
    found = list(pids)
    for pid in found:
        found.extend(below.get(pid, ()))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """What processes have computed so far, with their threads and with the children they have waited for."""
    wanted = set(pids)
    return sum(_TICK_S * sum(map(int, fields[11:15])) for pid, fields in _stats() if pid in wanted)


def thread_seconds(pid: int) -> dict[int, tuple[str, float]]:
    """What each thread of a process has computed so far, with its name."""
    found = {}
    for entry in os.listdir(f"/proc/{pid}/task"):
        with suppress(OSError):
            text = Path(f"/proc/{pid}/task/{entry}/stat").read_text(encoding="utf-8", errors="replace")
            name, _, rest = text.partition("(")[2].rpartition(")")
            found[int(entry)] = (name, _TICK_S * sum(map(int, rest.split()[11:13])))
    return found


def resident_bytes(pids: Iterable[int]) -> tuple[int, int]:
    """What processes hold in memory: added up, and with what several of them share counted once."""
    resident = shared_once = 0
    for pid in pids:
        with suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()[1:]}
            resident, shared_once = resident + sizes["Rss"], shared_once + sizes["Pss"]
    return resident, shared_once


def begin_peak(pids: Iterable[int]) -> None:
    """Have `peak_bytes` begin anew."""
    for pid in pids:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_bytes(pids: Iterable[int]) -> int:
    """The most that each process held in memory since `begin_peak`, added up."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
            found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return found


def open_files(pids: Iterable[int]) -> int:
    """How many files, sockets and pipes the processes hold open."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            found += len(os.listdir(f"/proc/{pid}/fd"))
    return found


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Every process with the fields of its `stat` behind the name, which may hold spaces: state, parent, ..."""
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(OSError):
                text = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
                yield int(entry), text.rpartition(")")[2].split()
