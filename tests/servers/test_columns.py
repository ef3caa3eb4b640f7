"""Rows are made into what a signature's columns say, by name and without loss."""

import logging
from typing import Any

import numpy as np
import pytest

from servegraph.artifacts.signature import Field
from servegraph.errors import InvalidPayload
from servegraph.servers.columns import Columns
from servegraph.servers.tensors import tensors

ABC = [Field("a", "double"), Field("b", "long"), Field("c", "string", required=False)]


def _doubles(*names: str) -> Columns:
    return Columns([Field(name, "double") for name in names])


def _rows(columns: Columns, value: Any, names: list[str] = []) -> list[list[Any]]:  # noqa: B006
    rows: list[list[Any]] = columns.frame(value, names).to_numpy().tolist()
    return rows


def test_whole_numbers_become_doubles() -> None:
    frame = _doubles("a", "b").frame(np.array([[1, 2]]), [])
    assert frame.dtypes.astype(str).to_dict() == {"a": "float64", "b": "float64"}
    assert frame.to_numpy().tolist() == [[1.0, 2.0]]


def test_whole_number_that_no_double_holds_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="column 'a' is of type double, and got 9007199254740993"):
        _doubles("a", "b").frame(np.array([[2**53 + 1, 2]]), [])


def test_largest_whole_number_is_not_rounded_into_a_double() -> None:
    with pytest.raises(InvalidPayload, match="9223372036854775807"):
        _doubles("a").frame(np.array([[2**63 - 1]]), [])


def test_whole_floats_become_longs_and_others_are_refused() -> None:
    columns = Columns([Field("n", "long")])
    assert columns.frame(np.array([[3.0]]), [])["n"].dtype == np.int64
    with pytest.raises(InvalidPayload, match="column 'n' is of type long, and got 2.5"):
        columns.frame(np.array([[2.5]]), [])


def test_integer_is_refused_beyond_its_range() -> None:
    columns = Columns([Field("n", "integer")])
    assert columns.frame(np.array([[7]]), [])["n"].dtype == np.int32
    with pytest.raises(InvalidPayload, match="2147483648"):
        columns.frame(np.array([[2**31]]), [])


def test_names_in_another_order_are_put_in_order() -> None:
    assert _rows(_doubles("a", "b"), np.array([[2.0, 1.0]]), ["b", "a"]) == [[1.0, 2.0]]


def test_names_of_unnamed_nodes_count_as_none() -> None:
    assert _rows(_doubles("a", "b"), np.array([[1.0, 2.0]]), ["t:0", "t:1"]) == [[1.0, 2.0]]


def test_extra_columns_are_dropped_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    columns = _doubles("a", "b")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert _rows(columns, np.array([[9, 2, 1]]), ["x", "b", "a"]) == [[1.0, 2.0]]
    assert [record.getMessage() for record in caplog.records] == [
        "columns that the model does not take are dropped: 'x'"
    ]


def test_missing_columns_are_named() -> None:
    with pytest.raises(InvalidPayload, match="the model's columns 'b', 'c' are missing; sent were 'a', 'x'"):
        _doubles("a", "b", "c").frame(np.array([[1.0, 2.0]]), ["a", "x"])


def test_too_few_columns_without_names_are_refused() -> None:
    with pytest.raises(InvalidPayload, match="takes 2 columns, got 3 without names"):
        _doubles("a", "b").frame(np.array([[1.0, 2.0, 3.0]]), [])


def test_optional_columns_become_missing_values() -> None:
    optional = [Field(dtype, dtype, required=False) for dtype in ("double", "long", "string", "boolean", "datetime")]
    frame = Columns([Field("a", "double"), *optional]).frame(np.array([[1.0]]), ["a"])
    assert frame.isna().to_numpy().tolist() == [[False, True, True, True, True, True]]
    assert frame["long"].dtype == np.float64


def test_mixed_rows_come_as_text_and_are_what_they_were() -> None:
    frame = Columns(ABC).frame(np.array([["1.5", "2", "x"]]), [])
    assert frame.to_numpy().tolist() == [[1.5, 2, "x"]]
    assert frame["b"].dtype == np.int64


def test_objects_with_null_keep_their_types() -> None:
    frame = Columns(ABC).frame(np.array([[None, 2, None], [1, 3, "x"]], dtype=object), [])
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["b"].tolist() == [2, 3]
    assert frame["c"].tolist() == [None, "x"]


def test_null_is_no_long() -> None:
    with pytest.raises(InvalidPayload, match="column 'b' is of type long, and got a missing value"):
        Columns(ABC).frame(np.array([[1.0, None, "x"]], dtype=object), [])


def test_number_is_no_string() -> None:
    with pytest.raises(InvalidPayload, match="column 's' is of type string, and got 5"):
        Columns([Field("s", "string")]).frame(np.array([[5]]), [])


def test_booleans_are_true_false_one_and_zero() -> None:
    columns = Columns([Field("b", "boolean")])
    assert columns.frame(np.array([[1.0], [0.0]]), [])["b"].tolist() == [True, False]
    with pytest.raises(InvalidPayload, match="type boolean, and got 2.0"):
        columns.frame(np.array([[2.0]]), [])


def test_dates_and_bytes_come_as_text() -> None:
    columns = Columns([Field("d", "datetime"), Field("b", "binary")])
    frame = columns.frame(np.array([["2026-03-04T05:06:07", "aGk="]]), [])
    assert str(frame["d"].tolist()[0]) == "2026-03-04 05:06:07"
    assert frame["b"].tolist() == [b"hi"]


@pytest.mark.parametrize(
    "table",
    [
        {"a": [1, 2], "b": [3, 4]},
        [{"a": 1, "b": 3}, {"b": 4, "a": 2}],
        {"dataframe_split": {"columns": ["b", "a"], "data": [[3, 1], [4, 2]]}},
        {"dataframe_records": [{"a": 1, "b": 3}, {"a": 2, "b": 4}]},
        {"inputs": {"a": [1, 2], "b": [3, 4]}},
        {"instances": [[1, 3], [2, 4]]},
    ],
)
def test_json_tables_are_read(table: Any) -> None:
    assert _rows(_doubles("a", "b"), table) == [[1.0, 3.0], [2.0, 4.0]]


def test_json_object_is_one_row() -> None:
    assert _rows(Columns(ABC), {"b": 1, "a": 2.5, "c": "x"}) == [[2.5, 1, "x"]]


def test_text_is_the_only_column() -> None:
    assert _rows(Columns([Field("text", "string")]), "hello") == [["hello"]]


@pytest.mark.parametrize("value", [{}, [], [[1], 2], "text", {"a": [1], "b": [1, 2]}, {"a": []}, [{"a": 1}, 2]])
def test_other_json_is_refused(value: Any) -> None:
    with pytest.raises(InvalidPayload):
        _doubles("a", "b").frame(value, [])


@pytest.mark.parametrize("array", [np.array([]), np.array(1.0), np.ones((1, 2, 2)), np.ones((0, 2))])
def test_arrays_that_are_no_rows_are_refused(array: Any) -> None:
    with pytest.raises(InvalidPayload, match="takes rows of 2 columns"):
        _doubles("a", "b").frame(array, [])


def test_tensor_is_widened_and_checked() -> None:
    fields = [Field(None, "float32", shape=(-1, 2))]
    assert tensors(fields, np.array([[1, 2]]), []).dtype == np.float32
    with pytest.raises(InvalidPayload, match="takes float32 of n x 2, got 1 x 3"):
        tensors(fields, np.array([[1, 2, 3]]), [])
    with pytest.raises(InvalidPayload, match="takes int8 of n, which does not hold"):
        tensors([Field(None, "int8", shape=(-1,))], np.array([128]), [])
    with pytest.raises(InvalidPayload, match="a tensor is of type long, and got 1.5"):
        tensors([Field(None, "int64", shape=(-1, 1))], np.array([[1.5]]), [])


def test_named_tensors_come_by_name() -> None:
    fields = [Field("x", "float64", shape=(-1, 2)), Field("y", "int64", shape=(-1,))]
    given = tensors(fields, {"y": [3], "x": [[1, 2]]}, [])
    assert {name: array.tolist() for name, array in given.items()} == {"x": [[1.0, 2.0]], "y": [3]}
    with pytest.raises(InvalidPayload, match="tensors 'y' are missing"):
        tensors(fields, {"x": [[1, 2]]}, [])
