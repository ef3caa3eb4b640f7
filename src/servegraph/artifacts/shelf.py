"""The copies of one place on this machine: each is complete, or not there."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory


class Shelf:
    """A folder with a copy for each content that was seen; the one used last has the newest time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, version: str) -> Path | None:
        """The copy of a version, if there is one."""
        copy = self._folder / version
        if not copy.is_dir():
            return None
        os.utime(copy)
        return copy

    def newest(self) -> Path | None:
        """The copy that was used last."""
        copies = [path for path in self._folder.glob("*") if path.is_dir() and not path.name.startswith(".")]
        return max(copies, key=lambda path: path.stat().st_mtime_ns, default=None)

    def put(self, fill: Callable[[Path], str]) -> Path:
        """Make a copy: `fill` writes into an empty folder, and says the version."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=self._folder) as scratch:
            inside = Path(scratch) / "copy"
            inside.mkdir()
            copy = self._folder / fill(inside)
            try:
                inside.rename(copy)
            except OSError:
                if not copy.is_dir():  # else another process was first
                    raise
        return copy
