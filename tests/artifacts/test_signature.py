"""Signatures as MLflow writes them into MLmodel."""

from pathlib import Path

import pytest

from servegraph.artifacts import Field, Signature, read_signature
from servegraph.errors import ArtifactNotFound, ArtifactRefused

COLUMNS = """
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "long", "name": "weight"}]'
  outputs: '[{"type": "double", "name": "no"}, {"type": "double", "name": "yes"}]'
  params: null
"""
TENSOR = """
signature:
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 30]}}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
"""


def _signature(folder: Path, mlmodel: str) -> Signature | None:
    (folder / "MLmodel").write_text(mlmodel)
    return read_signature(folder)


def test_columns_are_read_with_names_and_types(tmp_path: Path) -> None:
    signature = _signature(tmp_path, COLUMNS)
    assert signature == Signature(
        inputs=(Field("age", "double"), Field("weight", "long")),
        outputs=(Field("no", "double"), Field("yes", "double")),
    )
    assert signature.width == 2
    assert signature.input_names == ("age", "weight")
    assert signature.output_names == ("no", "yes")


def test_tensor_gives_the_width_only(tmp_path: Path) -> None:
    signature = _signature(tmp_path, TENSOR)
    assert signature == Signature(
        inputs=(Field(None, "float64", shape=(-1, 30)),), outputs=(Field(None, "int64", shape=(-1,)),)
    )
    assert (signature.width, signature.input_names, signature.output_columns) == (30, (), ())


def test_an_optional_column_is_told(tmp_path: Path) -> None:
    text = """signature: {inputs: '[{"type": "long", "name": "age", "required": false}]'}\n"""
    assert _signature(tmp_path, text) == Signature(inputs=(Field("age", "long", required=False),))


@pytest.mark.parametrize("mlmodel", ["flavors: {}", "signature: null"])
def test_no_signature_is_none(tmp_path: Path, mlmodel: str) -> None:
    assert _signature(tmp_path, mlmodel) is None


@pytest.mark.parametrize("mlmodel", ["signature: {inputs: 'no json'}", "signature: {inputs: '[{}]'}", "[", "text"])
def test_unreadable_mlmodel_is_refused(tmp_path: Path, mlmodel: str) -> None:
    with pytest.raises(ArtifactRefused):
        _signature(tmp_path, mlmodel)


def test_missing_mlmodel_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound):
        read_signature(tmp_path)
