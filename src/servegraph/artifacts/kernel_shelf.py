"""Where the kernels of an artifact are kept: by its digest, in the state folder that it lies in, or the project's.

A shelf that cannot be read or written costs time at the next start, and nothing else.
"""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from servegraph import kernels
from servegraph.artifacts.folder import digest
from servegraph.kernels import Kept

_STATE = ".servegraph"

log = logging.getLogger(__name__)


class KernelShelf:
    """The place of one artifact's kernels.

    Args:
        rows: the evidence.
        state: the state folder for artifacts that lie in none; there must be one.
        asked: all else that the kernels depend on: who loaded the model, what it may be, and the methods.
    """

    def __init__(
        self, folder: Path, rows: Iterable[NDArray[np.float64]], asked: Iterable[str], state: Path | None = None
    ) -> None:
        state = next((parent for parent in folder.resolve().parents if parent.name == _STATE), state)
        self._place = None if state is None or not state.is_dir() else state / "kernels"
        self._folder = folder
        self._content = digest(folder)
        evidence = hashlib.sha256()
        for each in rows:
            evidence.update(repr(each.shape).encode() + each.tobytes())
        self._key = json.dumps((self._content, evidence.hexdigest(), *asked))

    @property
    def is_current(self) -> bool:
        """Whether the artifact is still what it was."""
        return digest(self._folder) == self._content

    def found(self) -> Kept | None:
        """What was kept."""
        return None if self._place is None else kernels.load(self._place, self._key)

    def keep(self, kept: Kept) -> None:
        """For the next start."""
        if self._place is None or not kept.outcomes:
            return
        try:
            kernels.save(kept, self._place, self._key)
        except Exception as error:  # a full disk, no permission, or what a file cannot hold
            log.warning("kernels cannot be kept in %s, and will be proved again: %s", self._place, error)
