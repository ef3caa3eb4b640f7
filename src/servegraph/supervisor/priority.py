"""The priority of processes that may wait, while others answer requests."""

import os
from contextlib import suppress
from pathlib import Path

NICENESS = 19
_THREADS = Path("/proc/self/task")
_AUTOGROUP = Path("/proc/self/autogroup")  # see sched(7)


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
    with suppress(OSError):  # there is no such thing here
        _AUTOGROUP.write_text(str(NICENESS), encoding="ascii")
