"""The inputs and outputs in an MLmodel's signature, field by field: columns of a table, or tensors.

`signature` has what the graph needs of it; this is all that a model's server needs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servegraph.artifacts.mlmodel import read_mlmodel
from servegraph.errors import ArtifactRefused


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a tensor.

    Attributes:
        name: None where the signature has none.
        dtype: MLflow's word for a column's ("double", "long", "string", "array", ...), numpy's for a tensor's.
        required: whether the model cannot do without.
        shape: of a tensor, -1 for any size; None for a column.
    """

    name: str | None
    dtype: str
    required: bool = True
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """What goes in and what comes out; empty where nothing is said."""

    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()

    @property
    def takes_tensors(self) -> bool:
        return bool(self.inputs) and self.inputs[0].shape is not None

    @property
    def output_names(self) -> list[str]:
        """The names of the output columns; none unless all have one."""
        names = [field.name for field in self.outputs if field.name is not None]
        return names if len(names) == len(self.outputs) else []


def read_schema(folder: Path) -> Schema:
    """The schema in a folder's MLmodel.

    Raises:
        ArtifactNotFound: there is no MLmodel.
        ArtifactRefused: the MLmodel or its signature cannot be read.
    """
    entry = read_mlmodel(folder).get("signature")
    if not isinstance(entry, dict):
        return Schema()
    try:
        return Schema(*(_fields(entry.get(side)) for side in ("inputs", "outputs")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the signature in {folder / 'MLmodel'} cannot be read"
        raise ArtifactRefused(what, hint="register a new version") from error


def _fields(text: str | None) -> tuple[Field, ...]:
    return tuple(_field(spec) for spec in json.loads(text or "null") or ())


def _field(spec: dict[str, Any]) -> Field:
    required = bool(spec.get("required", True))
    if spec["type"] != "tensor":
        return Field(spec.get("name"), str(spec["type"]), required)
    tensor = spec["tensor-spec"]
    return Field(spec.get("name"), str(tensor["dtype"]), required, tuple(int(size) for size in tensor["shape"]))
