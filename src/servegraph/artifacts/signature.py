"""What goes into an artifact and what comes out, as its MLmodel says: columns of a table, or tensors."""

import json
from collections.abc import Sequence
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
class Signature:
    """What goes in and what comes out; empty where nothing is said."""

    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()

    @property
    def takes_tensors(self) -> bool:
        return bool(self.inputs) and self.inputs[0].shape is not None

    @property
    def width(self) -> int | None:
        """Features per row; None where that is not said."""
        if not self.takes_tensors:
            return len(self.inputs) or None
        shape = self.inputs[0].shape or ()
        return shape[1] if len(self.inputs) == 1 and len(shape) == 2 and shape[1] > 0 else None

    @property
    def input_columns(self) -> Sequence[Field]:
        """The input's columns; none where it is one tensor, whose columns nobody names."""
        return _columns(self.inputs)

    @property
    def output_columns(self) -> Sequence[Field]:
        """The output's columns; none where it is one tensor."""
        return _columns(self.outputs)

    @property
    def input_names(self) -> Sequence[str]:
        """The features' names; none unless all columns have one."""
        return _names(self.input_columns)

    @property
    def output_names(self) -> Sequence[str]:
        """The output columns' names; none unless all have one."""
        return _names(self.output_columns)


def read_signature(path: str | Path) -> Signature | None:
    """The signature in a folder's MLmodel; None if it has none.

    Raises:
        ArtifactNotFound: there is no MLmodel.
        ArtifactRefused: the MLmodel or its signature cannot be read.
    """
    entry = read_mlmodel(Path(path)).get("signature")
    if not isinstance(entry, dict):
        return None
    try:
        return Signature(*(_fields(entry.get(side)) for side in ("inputs", "outputs")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactRefused(
            f"the signature in {Path(path) / 'MLmodel'} cannot be read", hint="register a new version"
        ) from error


def _fields(text: str | None) -> tuple[Field, ...]:
    return tuple(_field(spec) for spec in json.loads(text or "null") or ())


def _field(spec: dict[str, Any]) -> Field:
    required = bool(spec.get("required", True))
    if spec["type"] != "tensor":
        return Field(spec.get("name"), str(spec["type"]), required)
    tensor = spec["tensor-spec"]
    return Field(spec.get("name"), str(tensor["dtype"]), required, tuple(int(size) for size in tensor["shape"]))


def _columns(fields: Sequence[Field]) -> Sequence[Field]:
    return () if any(field.shape is not None and not field.name for field in fields) else fields


def _names(fields: Sequence[Field]) -> Sequence[str]:
    names = tuple(field.name for field in fields if field.name is not None)
    return names if len(names) == len(fields) else ()
