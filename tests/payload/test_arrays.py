"""Lists as numpy arrays: numpy's own rules, and no array that is far larger than what was sent."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servegraph.errors import MalformedArray
from servegraph.payload import arrays
from servegraph.payload.arrays import array_of

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)

leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=3))
numbers = st.one_of(st.floats(), st.integers(-5, 5), st.booleans())
rows = st.one_of(st.lists(leaves, max_size=4), st.lists(numbers, max_size=4), st.lists(st.lists(numbers, max_size=2)))
nested = st.one_of(rows, st.lists(rows, max_size=3))


@pytest.mark.parametrize("piece", [1, 2, 4_096])
@QUICK
@given(nested)
def test_the_array_is_numpys(piece: int, lists: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_PIECE", piece)
        _is_numpys(lists)


def _is_numpys(lists: Any) -> None:
    refusal = ragged(lists)
    if refusal is None:
        np.testing.assert_array_equal(array_of(lists), np.array(lists), strict=True)
        return
    with pytest.raises(MalformedArray) as caught:
        array_of(lists)
    assert str(caught.value.__cause__) == refusal


def ragged(lists: Any) -> str | None:
    try:
        np.array(lists)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "row", [["a", "b"], ["a", 1.5], [None, "b"], [True, False], [1, 2], [2**63, 1], [], [[1], [2]]]
)
def test_long_lists_are_read_with_pauses(row: list[Any], monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []
    monkeypatch.setattr(arrays, "sleep", pauses.append)
    lists = [row] * 10_000
    np.testing.assert_array_equal(array_of(lists), np.array(lists), strict=True)
    assert len(pauses) >= 2


@pytest.mark.parametrize("lists", [[1.5, 2.5], [[1.5, 2.0], [1, True]]])
def test_arrays_may_be_changed(lists: Any):
    array = array_of(lists)
    array += 1.0
    assert array.ravel()[0] == 2.5


@pytest.mark.parametrize("first", ["a", 1])
def test_one_long_string_does_not_pad_all_others(first: Any):
    lists = [[first, "b"] for _ in range(5_000)] + [["x" * 50_000, "c"]]
    tracemalloc.start()
    array = array_of(lists)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000  # numpy's own would take 2 GB
    assert array.dtype == object
    assert array[0].tolist() == [str(first), "b"]


def test_long_strings_of_one_length_are_numpys():
    assert array_of([["x" * 50_000] * 10]).dtype == "<U50000"


@pytest.mark.parametrize("lists", [[["x" * 300_000, "b"], ["c"]], [["a"] * 100_000, "x" * 300_000]])
def test_ragged_lists_of_strings_are_refused_without_being_spread_out(lists: Any):
    with pytest.raises(MalformedArray, match=r"^data\.ndarray has rows of different lengths$"):
        array_of(lists)
