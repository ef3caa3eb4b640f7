"""Average the answers of several models."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Mean:
    """Combiner: the mean of the children's predictions, element by element."""

    def aggregate(
        self, features_list: Sequence[NDArray[np.float64]], names_list: Sequence[Sequence[str]]
    ) -> NDArray[np.float64]:
        """k arrays of shape (n, c) in, one of shape (n, c) out."""
        return np.asarray(np.mean(features_list, axis=0), dtype=np.float64)
