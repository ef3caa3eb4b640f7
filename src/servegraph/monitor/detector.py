"""What a detector of the project must offer to be run by the monitor.

Only the contract is here; detectors live in the project's `detectors/` folder.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Detector(Protocol):
    """A test of one window of rows against a reference.

    The serving process makes the object too, to pass data through the graph's node, so
    `__init__` is cheap; whatever is heavy belongs in `load_detector`.
    """

    window: int
    """Rows tested at a time; windows do not overlap."""

    feature_names: Sequence[str] | None
    """Names of the columns, known after `load_detector` at the latest; None: taken from the rows."""

    def load_detector(self) -> None:
        """Read the reference and build the test; in the monitor only, in a thread, until it succeeds."""

    def detect(self, rows: NDArray[np.float64]) -> Mapping[str, Any]:
        """Test one window of shape (window, features); every value is finite.

        Returns `is_drift` (bool), `p_values` and `distances` (one number a feature, in the order
        of the columns) and `threshold` (a feature whose p-value is lower has drifted).
        Whatever it raises becomes the verdict `error`; the next window is tested again.
        """
