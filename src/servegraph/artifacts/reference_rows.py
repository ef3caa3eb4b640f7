"""The rows that a detector compares traffic with, where its artifact holds them as plain arrays."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from servegraph.artifacts.loading import files
from servegraph.errors import ServeGraphError

if TYPE_CHECKING:  # NumPy is imported only where there is something to read
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)


def reference_rows(folder: Path) -> "list[NDArray[np.float64]]":
    """The tables of float64 in an artifact that `publish_files` made; none if they cannot be read."""
    import numpy as np

    try:
        found = [np.load(file, allow_pickle=False) for file in sorted(files(folder).glob("*.npy"))]
    except (OSError, ValueError, EOFError, ServeGraphError) as error:
        log.info("%s holds no reference rows: %s", folder, error)
        return []
    return [array for array in found if array.dtype == np.float64 and array.ndim == 2 and array.size]
