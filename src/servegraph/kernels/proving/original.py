"""The model as it was loaded, asked the way whoever serves it would."""

import copy
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from servegraph.kernels.reading import Unreadable, kind_of
from servegraph.kernels.steps.step import Array


class Original:
    """A method of a model, without its warnings.

    Args:
        sparse: the model gets its rows as a sparse matrix, because the one before it answers that.
    """

    def __init__(self, model: Any, method: str, sparse: bool = False) -> None:
        self._ask = _asked(model, method)
        self._names = None if sparse else _names(model)
        self._sparse = sparse
        self.answers_sparse = False

    def __call__(self, rows: Array) -> Array:
        """The answer, dense.

        Raises:
            Unreadable: it is no array.
            Exception: whatever the model refuses rows with.
        """
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answer = self._ask(self._formed(rows.copy()))  # some work in place
        if hasattr(answer, "toarray"):
            self.answers_sparse = True
            answer = answer.toarray()
        if not isinstance(answer, np.ndarray):
            raise Unreadable(f"it answers a {type(answer).__name__}, not an array")
        return answer

    def _formed(self, rows: Array) -> Any:
        if self._sparse:
            import scipy.sparse

            return scipy.sparse.csr_matrix(rows)
        if self._names is None or len(self._names) != rows.shape[1]:
            return rows
        import pandas

        return pandas.DataFrame(rows, columns=self._names)


def _asked(model: Any, method: str) -> Callable[[Any], Any]:
    if kind_of(model) == "xgboost.Booster":
        matrix = sys.modules[type(model).__module__].DMatrix
        return lambda rows: getattr(model, method)(matrix(rows, feature_names=model.feature_names))
    if type(model).__module__.startswith("sklearn.ensemble") and getattr(model, "n_jobs", None) not in (None, 1):
        # With several jobs the trees are added in any order: let it be that of the trees.
        model = copy.copy(model)
        model.n_jobs = 1
    ask: Callable[[Any], Any] = getattr(model, method)
    return ask


def _names(model: Any) -> Any:
    """The columns' names, if the model was fitted with some and may need them to find its columns."""
    if not type(model).__module__.startswith("sklearn."):
        return None
    return getattr(model, "feature_names_in_", None)
