"""What a model returned becomes what a message carries."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from servegraph.servers.answers import carried


def test_table_is_an_array_and_names() -> None:
    value, names = carried(pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]}))
    assert value.dtype == np.float64
    assert value.shape == (2, 2)
    assert names == ["a", "b"]


def test_mixed_table_holds_what_json_has() -> None:
    when = pd.Timestamp("2026-03-04T05:06:07")
    table = pd.DataFrame({"n": [1], "when": [when], "text": ["x"], "none": pd.array([None], dtype="Int64")})
    value, _ = carried(table)
    assert value.tolist() == [[1, "2026-03-04T05:06:07", "x", None]]
    assert [type(cell) for cell in value[0]] == [int, str, str, type(None)]


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (pd.Series([1, 2]), [1, 2]),
        (np.float64(0.5), [0.5]),
        (3, [3]),
        (csr_matrix([[0, 1]]), [[0, 1]]),
        (np.array(["2026-03-04"], dtype="datetime64[D]"), ["2026-03-04"]),
    ],
)
def test_values_become_arrays(returned: Any, expected: Any) -> None:
    value, names = carried(returned)
    assert isinstance(value, np.ndarray)
    assert value.tolist() == expected
    assert names is None


@pytest.mark.parametrize("returned", ["text", b"bytes", ["a", 1]])
def test_text_bytes_and_lists_stay(returned: Any) -> None:
    assert carried(returned) == (returned, None)


def test_objects_are_plain_json() -> None:
    value, _ = carried({"a": np.array([1.0]), 2: np.int64(3), "t": pd.DataFrame({"x": [1]}), "l": [np.float64(1)]})
    assert value == {"a": [1.0], "2": 3, "t": {"x": [1]}, "l": [1.0]}
