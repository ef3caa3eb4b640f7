"""The priority of processes that may wait, while others answer requests."""

import os
from contextlib import suppress
from pathlib import Path

NICENESS = 19
_AUTOGROUP = Path("/proc/self/autogroup")  # see sched(7)


def stand_back() -> None:
    """Give this process, and the threads that it will start, the time that others leave, and a little of theirs.

    Nothing else than the share changes: 15 parts for it where another one gets 1,024. That is so among the processes of
    a container or a service, too; where Linux shares first between sessions (a server started in a terminal), the
    session's own niceness counts, of which each of our children has its own.
    """
    os.nice(NICENESS)
    with suppress(OSError):  # there is no such thing here
        _AUTOGROUP.write_text(str(NICENESS), encoding="ascii")
