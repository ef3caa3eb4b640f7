"""Give the memory of large messages back to the system.

glibc serves large blocks from the heap once it has seen some, and a heap with a small block above a
large gap does not shrink: a server that got a few large bodies stays large.
"""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
_LARGE = 256 * 1024  # bytes; blocks above are mapped one by one, and unmapped when they are freed
_ARENAS = 2  # the event loop's, and one for all other threads


def keep_memory_small() -> None:
    """Tell the allocator, where it is glibc's; elsewhere nothing happens."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
