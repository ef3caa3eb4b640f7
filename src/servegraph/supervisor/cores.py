"""Cores for children that compute side by side: each keeps to its share of them.

Where a child's threads hand work to one another, on a core of their own they need not be woken on another one.
"""

import os
from collections.abc import Sequence


def share(cores: Sequence[int], number: int, count: int) -> Sequence[int]:
    """The cores of one child of `count`: every so-manyth, as neighbours on a chip are often numbered far apart.

    All cores where there are fewer than children.
    """
    return cores[number::count] if len(cores) >= count else cores


def keep_to_share(number: int, count: int) -> None:
    """Keep this process, and the threads that it will start, to its share of the cores that it may use.

    Nothing happens where the system has no such call (macOS).
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share(sorted(os.sched_getaffinity(0)), number, count))
