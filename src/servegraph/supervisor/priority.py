"""The priority of processes that may wait, while others answer requests."""

import ctypes
import os
import platform
from contextlib import suppress
from pathlib import Path
from struct import pack

NICENESS = 19
SLICE_NS = 100_000
_THREADS = Path("/proc/self/task")
_AUTOGROUP = Path("/proc/self/autogroup")  # see sched(7)
_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # sched_setattr(2), which glibc does not have


def stand_back() -> None:
    """Give this process, with all its threads, the time that others leave; and a little of theirs, 1 part of 70.

    To be called when it has begun, which would take it a minute in this way. That is its share among the processes of
    a container or of a service. Where Linux shares between sessions first, as in a terminal, the niceness of a session
    counts, of which each child of ours has one of its own.
    """
    threads = os.listdir(_THREADS) if _THREADS.exists() else [0]
    for thread in threads:
        with suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, int(thread), NICENESS)
            _shorten_slice(int(thread))
    with suppress(OSError):  # there is no such thing here
        _AUTOGROUP.write_text(str(NICENESS), encoding="ascii")


def _shorten_slice(thread: int) -> None:
    """Whoever wakes up waits for a slice to end, and by default that is 3 ms; Linux 6.12 lets us choose."""
    number = _SET_ATTRIBUTES.get(platform.machine())
    if number is not None and _THREADS.exists():
        attributes = pack("=IIQiIQQQ", 48, 0, 0, NICENESS, 0, SLICE_NS, 0, 0)  # struct sched_attr, of SCHED_OTHER
        ctypes.CDLL(None).syscall(number, thread, attributes, 0)
