"""SKLEARN_SERVER: a scikit-learn model from an artifact's folder.

Source:
    Seldon's sklearnserver: parameter `method`. In the Open Inference protocol MLServer's
    scikit-learn runtime: `method` has no effect, the output is `predict` unless the request asks
    for others by name.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from servegraph.artifacts.acceleration import Accelerated, accelerated
from servegraph.artifacts.signature import Field
from servegraph.artifacts.sklearn_model import admit_sklearn, load_sklearn
from servegraph.artifacts.trust import Trust
from servegraph.errors import ConfigurationError, InvalidPayload
from servegraph.servers.answers import carried
from servegraph.servers.cells import GUESSED
from servegraph.servers.columns import Columns
from servegraph.servers.place import metadata_of, one_of, trust_of

METHODS = ("predict_proba", "predict", "decision_function")
OUTPUTS = (*METHODS, "transform")
_OPEN_INFERENCE = ("v2", "kfserving")


class SKLearnServer:
    """MODEL: `method` of the model, of whatever rows it was fitted on.

    Args:
        model_uri: folder with `model.joblib`, `.pickle`, `.pkl` or `.skops`, or an MLmodel.
        method: what is answered; regressors have only `predict`.
        project: a folder of the project that says what may be loaded.
        protocol: the graph's; with `v2` the answer is `predict`, or what the request asks for.

    Raises:
        ConfigurationError: there is no such method or protocol.
    """

    row_wise = True

    def __init__(
        self, model_uri: str, method: str = "predict_proba", project: str = ".", protocol: str = "seldon"
    ) -> None:
        self._folder = Path(model_uri)
        self._protocol = one_of("protocol", protocol, ("seldon", "tensorflow", *_OPEN_INFERENCE))
        method = one_of("method", method, METHODS)
        self._method = "predict" if protocol in _OPEN_INFERENCE else method
        self._project = project
        self._model: Any = None
        self._columns: Columns | None = None
        self._features: int | None = None
        self._classes: list[str] = []
        self._width = 0

    def load(self) -> None:
        """Read the artifact.

        Raises:
            ArtifactNotFound, ArtifactRefused: it is not there, or may not be loaded; or kernels are required, and
                there is none.
            ConfigurationError: the model has no such method.
        """
        trust = trust_of(self._project)
        asked = (type(self).__name__, *admit_sklearn(self._folder, trust))
        model = accelerated(self._folder, asked, partial(self._read, trust), (self._method,))
        names = getattr(model, "feature_names_in_", None)
        if names is not None:
            self._columns = Columns([Field(str(name), GUESSED) for name in names], by_position_too=True)
        self._features = getattr(model, "n_features_in_", None)
        classes = getattr(model, "classes_", [])
        self._classes = [] if isinstance(classes, list) else [str(label) for label in np.asarray(classes).tolist()]
        self._model = model

    def predict(self, X: Any, names: Sequence[str], meta: Mapping[str, Any] | None = None) -> Any:
        """The answer for rows, of one row each; an object of answers if several outputs are asked for.

        Raises:
            InvalidPayload: the model does not take such rows, or has no such output.
        """
        rows = self._rows(X, list(names))
        wanted = self._wanted(meta)
        if len(wanted) == 1:
            return self._answer(wanted[0], rows)
        return {output: self._answer(output, rows).tolist() for output in wanted}

    def class_names(self) -> list[str]:
        """The classes, where the answer has a column for each."""
        if len(self._classes) == self._width:
            return self._classes
        return [f"t:{column}" for column in range(self._width)]

    def init_metadata(self) -> dict[str, Any]:
        """The folder's `metadata.yaml`, else what the model knows of itself."""
        inputs = {} if self._features is None else {"inputs": [_tensor(self._features)]}
        return metadata_of(self._folder, {"platform": "sklearn", **inputs})

    def _read(self, trust: Trust) -> Any:
        model = load_sklearn(self._folder, trust)
        if not hasattr(model, self._method):
            able = [name for name in METHODS if hasattr(model, name)]
            hint = f"set the node's parameter method to {' or '.join(able)}" if able else "it is no model"
            raise ConfigurationError(f"{type(model).__name__} has no {self._method}", hint=hint)
        return model

    def _wanted(self, meta: Mapping[str, Any] | None) -> Sequence[str]:
        if self._protocol not in _OPEN_INFERENCE:
            return [self._method]
        asked = (meta or {}).get("outputs") or [self._method]
        unknown = [name for name in asked if name not in OUTPUTS or not hasattr(self._model, name)]
        if unknown:
            able = ", ".join(name for name in OUTPUTS if hasattr(self._model, name))
            raise InvalidPayload(f"there is no output {unknown[0]!r}", hint=f"there is {able}")
        return [str(name) for name in asked]

    def _rows(self, X: Any, names: list[str]) -> Any:
        if self._columns is not None:
            doubles = self._columns.doubles(X, names) if isinstance(self._model, Accelerated) else None
            return self._columns.frame(X, names) if doubles is None else doubles
        if isinstance(X, str):
            return [X]
        rows = np.asarray(X)
        if self._features is not None and (rows.ndim != 2 or rows.shape[1] != self._features):
            sent = " x ".join(map(str, rows.shape)) or "no dimension"
            raise InvalidPayload(f"the model takes rows of {self._features} features, got an array of {sent}")
        return rows

    def _answer(self, method: str, rows: Any) -> Any:
        try:
            answer, _ = carried(getattr(self._model, method)(rows))
        except ValueError as error:  # in scikit-learn's words: what was sent is not what was fitted on
            raise InvalidPayload(str(error).strip().partition("\n")[0]) from error
        answer = np.asarray(answer)
        self._width = answer.shape[1] if answer.ndim > 1 else 0
        return answer


def _tensor(features: int) -> dict[str, Any]:
    return {"messagetype": "tensor", "schema": {"shape": [features]}}
