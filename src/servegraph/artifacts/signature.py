"""What goes into an artifact and what comes out, as its MLmodel says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servegraph.artifacts.mlmodel import read_mlmodel
from servegraph.errors import ArtifactRefused


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `dtype` is MLflow's word for it ("double", "long", "string", ...).

    Attributes:
        required: whether the model cannot do without.
    """

    name: str | None
    dtype: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Signature:
    """Columns in and out (None: unknown, or one tensor), and the features per row (None: unknown)."""

    inputs: tuple[Column, ...] | None
    width: int | None
    outputs: tuple[Column, ...] | None = None

    @property
    def input_names(self) -> tuple[str, ...] | None:
        """The features' names; None unless all columns have one."""
        return _names(self.inputs)

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """The output columns' names; None unless all have one."""
        return _names(self.outputs)


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
        inputs, outputs = (json.loads(entry.get(side) or "null") for side in ("inputs", "outputs"))
        return Signature(_columns(inputs), _width(inputs), _columns(outputs))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactRefused(
            f"the signature in {Path(path) / 'MLmodel'} cannot be read", hint="register a new version"
        ) from error


def _columns(specs: list[dict[str, Any]] | None) -> tuple[Column, ...] | None:
    if not specs or any(spec["type"] == "tensor" and not spec.get("name") for spec in specs):
        return None
    return tuple(Column(spec.get("name"), _dtype(spec), bool(spec.get("required", True))) for spec in specs)


def _dtype(spec: dict[str, Any]) -> str:
    return str(spec["tensor-spec"]["dtype"] if spec["type"] == "tensor" else spec["type"])


def _width(specs: list[dict[str, Any]] | None) -> int | None:
    if not specs:
        return None
    tensors = [spec["tensor-spec"]["shape"] for spec in specs if spec["type"] == "tensor"]
    if not tensors:
        return len(specs)
    shape = tensors[0]
    return int(shape[1]) if len(tensors) == 1 and len(shape) == 2 and shape[1] > 0 else None


def _names(columns: tuple[Column, ...] | None) -> tuple[str, ...] | None:
    names = tuple(column.name for column in columns or () if column.name is not None)
    return names if columns and len(names) == len(columns) else None
