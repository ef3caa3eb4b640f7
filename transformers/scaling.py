"""The scaler of the screening graph: raw measurements in, standardised measurements out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servegraph.artifacts import load_model, read_signature
from servegraph.errors import InvalidPayload

TRUSTED: tuple[str, ...] = ()
"""Types that the scaler's skops file may hold beyond those that skops accepts of itself."""


class Scaler:
    """TRANSFORMER: a scikit-learn scaler from an artifact's folder."""

    row_wise = True  # so that requests may be answered together

    def __init__(self, model_uri: str) -> None:
        self.model_uri = model_uri
        self._scaler: Any = None
        self._names: list[str] = []

    def load(self) -> None:
        """Read the artifact.

        Raises:
            ArtifactRefused: it is not a scikit-learn model in skops format with trusted types.
        """
        self._scaler = load_model(self.model_uri, TRUSTED)
        signature = read_signature(self.model_uri)
        self._names = list((signature and signature.input_names) or ())

    def transform_input(
        self, X: ArrayLike, names: Sequence[str], meta: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Scale rows of shape (n, features); the result has the same shape. Missing values stay missing.

        Raises:
            InvalidPayload: a value is infinite.
        """
        rows = np.asarray(X, dtype=np.float64)
        try:
            scaled: NDArray[np.float64] = self._scaler.transform(rows)
        except ValueError as error:  # scalers look at their rows themselves; to look twice costs as much as to compute
            raise InvalidPayload(str(error).partition("\n")[0], hint="send finite numbers only") from error
        return scaled

    def class_names(self) -> list[str]:
        """The features' names, in the order of the columns; empty if the artifact does not say."""
        return self._names
