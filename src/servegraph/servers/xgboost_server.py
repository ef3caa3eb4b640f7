"""XGBOOST_SERVER: a Booster from an artifact's folder.

Source:
    Seldon's xgboostserver: rows become a DMatrix, and the answer is what Booster.predict gives:
    probabilities for a classifier whose objective has some.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.artifacts.acceleration import Accelerated, accelerated, is_plain
from servegraph.artifacts.signature import Field
from servegraph.artifacts.xgboost_model import admit_xgboost, load_booster, matrix
from servegraph.servers.columns import Columns
from servegraph.servers.place import metadata_of, trust_of


class XGBoostServer:
    """MODEL: the booster's answer.

    Args:
        model_uri: folder with `model.json`, `.ubj` or `.bst`, or an MLmodel.
        project: a folder of the project that says what may be loaded.
    """

    row_wise = True

    def __init__(self, model_uri: str, project: str = ".") -> None:
        self._folder = Path(model_uri)
        self._project = project
        self._booster: Any = None
        self._names: list[str] | None = None
        self._columns: Columns | None = None
        self._width = 0

    def load(self) -> None:
        """Read the artifact.

        Raises:
            ArtifactNotFound, ArtifactRefused: it is not there, or may not be loaded.
        """
        trust = trust_of(self._project)
        admit_xgboost(self._folder, trust)
        read = partial(load_booster, self._folder, trust)
        self._booster = accelerated(self._folder, (type(self).__name__,), read, ("predict",))
        names = getattr(self._booster, "feature_names", None)
        self._names = None if names is None else list(names)
        fields = [Field(name, "double") for name in names or map(str, range(self._booster.num_features()))]
        self._columns = Columns(fields, by_position_too=True)

    def predict(self, X: Any, names: Sequence[str], meta: Mapping[str, Any] | None = None) -> NDArray[np.float32]:
        """One number a row, or one a class; a missing value may be `null`.

        Raises:
            InvalidPayload: the model takes other rows.
        """
        assert self._columns is not None
        rows = self._columns.matrix(X, list(names))
        answer: NDArray[np.float32] = self._predicted(rows)
        self._width = answer.shape[1] if answer.ndim > 1 else 0
        return answer

    def _predicted(self, rows: NDArray[Any]) -> Any:
        is_kernels = isinstance(self._booster, Accelerated) and is_plain(rows)
        return self._booster.predict(rows if is_kernels else matrix(rows, self._names))

    def class_names(self) -> list[str]:
        """A booster knows only the numbers of its classes."""
        return [f"t:{column}" for column in range(self._width)]

    def init_metadata(self) -> dict[str, Any]:
        """The folder's `metadata.yaml`, else what the model knows of itself."""
        known: dict[str, Any] = {"platform": "xgboost"}
        if self._booster is not None:
            schema: dict[str, Any] = {"shape": [self._booster.num_features()]}
            if self._names:
                schema["names"] = self._names
            known["inputs"] = [{"messagetype": "tensor", "schema": schema}]
        return metadata_of(self._folder, known)
