"""Tie a process to the life of its parent, so that it cannot outlive a parent that is killed.

Run as a script, it ties itself and becomes another program, ours or not:

    python tether.py <process id of the parent> <program> <argument> ...

It imports nothing of this package: it runs before every child, in an interpreter without it.
"""

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends.

    The wish survives exec, and not fork. Outside of Linux nothing happens.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def _main(parent: int, command: list[str]) -> None:
    die_with_parent()
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
