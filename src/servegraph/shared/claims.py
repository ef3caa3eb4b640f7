"""Locks among processes, of which nobody ever waits for one that was killed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from weakref import finalize


class Claims:
    """As many locks as are needed, by number: bytes of an empty file, made before the processes are forked."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # open as long as one of the processes lives
        finalize(self, self._file.close)

    @contextmanager
    def alone(self, number: int) -> Iterator[None]:
        """No other process is here with this number; the lock of one that is killed is undone."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, number)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, number)
