"""MLFLOW_SERVER: the python_function of an MLflow artifact.

Source:
    Seldon's mlflowserver: parameter `xtype`; a DataFrame answers as an array with its columns as
    names. There every signature with columns needs `xtype: DataFrame` and the names in each
    request; here a signature is satisfied whatever the `xtype` is (`columns`, `tensors`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from servegraph.artifacts.pyfunc import Pyfunc, load_pyfunc
from servegraph.artifacts.signature import Signature
from servegraph.errors import InvalidPayload
from servegraph.servers.answers import carried
from servegraph.servers.columns import Columns
from servegraph.servers.place import metadata_of, one_of, trust_of
from servegraph.servers.tensors import tensors

XTYPES = ("ndarray", "DataFrame", "any")


class MLFlowServer:
    """MODEL: the artifact's predict function.

    Args:
        model_uri: folder with an MLmodel.
        xtype: what a model without signature gets: the array, a table with the request's names
            (`DataFrame`), or a table if the request has names and the array if not (`any`).
        project: a folder of the project that says what may be loaded.

    Attributes:
        row_wise: whether requests may be answered together: not where the model is somebody's code.

    Raises:
        ConfigurationError: there is no such xtype.
    """

    def __init__(self, model_uri: str, xtype: str = "ndarray", project: str = ".") -> None:
        self._folder = Path(model_uri)
        self._xtype = one_of("xtype", xtype, XTYPES)
        self._project = project
        self.row_wise = False
        self._model: Pyfunc | None = None
        self._columns: Columns | None = None
        self._names: list[str] = []
        self._width = 0

    def load(self) -> None:
        """Read the artifact.

        Raises:
            ArtifactNotFound, ArtifactRefused: it is not there, or may not be loaded.
        """
        self._model = load_pyfunc(self._folder, trust_of(self._project))
        self.row_wise = self._model.row_wise
        signature = self._model.signature
        if signature.inputs and not signature.takes_tensors:
            self._columns = Columns(signature.inputs)
        self._names = list(self._model.classes) or list(signature.output_names)

    def predict(self, X: Any, names: Sequence[str], meta: Mapping[str, Any] | None = None) -> Any:
        """The model's answer; a table as an array.

        Raises:
            InvalidPayload: the request does not fit the signature.
        """
        assert self._model is not None
        answer, columns = carried(self._model.predict(self._input(self._model, X, list(names))))
        if columns is not None:
            self._names = columns
        self._width = answer.shape[1] if isinstance(answer, np.ndarray) and answer.ndim > 1 else 0
        return answer

    def class_names(self) -> list[str]:
        """The columns of the last table, else the outputs of the signature, or the model's classes."""
        if not self._width or len(self._names) == self._width:
            return self._names
        return [f"t:{column}" for column in range(self._width)]

    def init_metadata(self) -> dict[str, Any]:
        """The folder's `metadata.yaml`, else what the signature says."""
        return metadata_of(self._folder, _described(self._model.signature if self._model else Signature()))

    def _input(self, model: Pyfunc, X: Any, names: list[str]) -> Any:
        if self._columns is not None:
            doubles = self._columns.doubles(X, names) if model.takes_rows_too else None
            if doubles is not None:
                return doubles
            return (self._columns.matrix if model.takes_values else self._columns.frame)(X, names)
        if model.signature.takes_tensors:
            return tensors(model.signature.inputs, X, names)
        if self._xtype == "ndarray" or (self._xtype == "any" and not names):
            return X
        return _frame(X, names)


def _frame(X: Any, names: list[str]) -> Any:
    """A table of what was sent, as it was sent."""
    import pandas

    if isinstance(X, str | bytes):
        return X
    try:
        return pandas.DataFrame(X, columns=names or None).infer_objects()
    except ValueError as error:
        raise InvalidPayload(f"the request is no table: {error}", hint="send rows of one length") from error


def _described(signature: Signature) -> dict[str, Any]:
    sides = (("inputs", signature.inputs), ("outputs", signature.outputs))
    described = {
        side: [{"messagetype": "tensor", "schema": {"names": [str(f.name) for f in fields], "shape": [len(fields)]}}]
        for side, fields in sides
        if fields and all(field.name is not None and field.shape is None for field in fields)
    }
    return {"platform": "mlflow", **described}
