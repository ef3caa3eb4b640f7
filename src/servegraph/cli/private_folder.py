"""A folder of this run alone: sockets, and what processes leave for one another."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder that nobody else may look into; it is removed at the end."""
    # Socket paths are limited to some 100 bytes, so the project's own folder may be too deep.
    folder = Path(tempfile.mkdtemp(prefix="servegraph-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
