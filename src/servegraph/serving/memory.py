"""What a process does with its memory once it serves.

glibc serves large blocks from the heap once it has seen some, and a heap with a small block above a
large gap does not shrink: a server that got a few large bodies stays large. Python looks through
all objects for garbage now and then: half a million that were loaded make requests wait for 0.1 s.
"""

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
_LARGE = 256 * 1024  # bytes; blocks above are mapped one by one, and unmapped when they are freed
_ARENAS = 2  # the event loop's, and one for all other threads


def keep_memory_small() -> None:
    """Give the memory of large messages back, where the allocator is glibc's, and leave alone what is there by now."""
    gc.freeze()
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
