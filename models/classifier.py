"""A classifier of the screening graph: standardised measurements in, probabilities out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servegraph.artifacts import load_model, read_signature
from servegraph.errors import InvalidPayload

TRUSTED = ("sklearn.tree._tree.Tree",)
"""Types that a model's skops file may hold beyond those that skops accepts of itself.

A tree's nodes are numbers that scikit-learn follows without looking: a forged file cannot run
code, but it can crash the process. The registry must be as trustworthy as the process is precious.
"""


class Classifier:
    """MODEL: any scikit-learn classifier with probabilities, from an artifact's folder."""

    row_wise = True  # so that requests may be answered together

    def __init__(self, model_uri: str) -> None:
        self.model_uri = model_uri
        self._model: Any = None
        self._classes: list[str] = []

    def load(self) -> None:
        """Read the artifact.

        Raises:
            ArtifactRefused: it is not a scikit-learn model in skops format with trusted types.
        """
        self._model = load_model(self.model_uri, TRUSTED)
        signature = read_signature(self.model_uri)
        named = signature and signature.output_names
        self._classes = list(named or map(str, self._model.classes_))

    def predict(self, X: ArrayLike, names: Sequence[str], meta: Mapping[str, Any] | None = None) -> NDArray[np.float64]:
        """Probabilities of shape (n, classes) for rows of shape (n, features).

        Raises:
            InvalidPayload: the model does not take them: a value is missing or infinite.
        """
        rows = np.asarray(X, dtype=np.float64)
        try:
            probabilities: NDArray[np.float64] = self._model.predict_proba(rows)
        except ValueError as error:  # models look at their rows themselves; to look twice costs as much as to compute
            raise InvalidPayload(str(error).partition("\n")[0], hint="send finite numbers only") from error
        return probabilities

    def class_names(self) -> list[str]:
        """The classes, in the order of the columns."""
        return self._classes
