"""JSON as the component server prints it, character by character."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servegraph.payload.json_text import printed, read

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)

# Tiny numbers are written without an exponent, which says the same.
numbers = st.floats().filter(lambda number: number == 0 or not abs(number) < 1e-3)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), numbers, st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(documents)
def test_any_document_is_printed_like_pythons_own_sorted_compact_json(document: Any):
    assert printed(document).decode() == json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2020, 1, 1), '"Wed, 01 Jan 2020 00:00:00 GMT"'),
        (datetime(2020, 1, 1, 5, 0, 7), '"Wed, 01 Jan 2020 05:00:07 GMT"'),
        (datetime(2020, 1, 1, 5, tzinfo=UTC), '"Wed, 01 Jan 2020 05:00:00 GMT"'),
        (datetime(2020, 1, 1, 5, tzinfo=timezone(timedelta(hours=2))), '"Wed, 01 Jan 2020 03:00:00 GMT"'),
        (Decimal("1.50"), '"1.50"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (np.float64(1.5), "1.5"),
        (np.str_("x"), '"x"'),
        ((1, 2), "[1,2]"),
        ({10: "b", 9: "a"}, '{"9":"a","10":"b"}'),
    ],
)
def test_values_that_json_does_not_have_are_printed_like_flasks(value: Any, text: str):
    assert printed({"a": value}).decode() == f'{{"a":{text}}}\n'


@pytest.mark.parametrize("value", [np.float32(1.5), np.array([1]), {1}, b"x", timedelta(1), object()])
def test_other_values_are_refused_by_their_type(value: Any):
    with pytest.raises(TypeError, match=f"^Object of type {type(value).__name__} is not JSON serializable$"):
        printed({"a": value})


def test_lone_surrogates_are_read_and_printed():
    assert printed(read(b'"\\ud800"')) == b'"\\ud800"\n'


def test_text_and_bytes_are_read_alike():
    assert read('{"a": 1}') == read(b'{"a": 1}') == {"a": 1}
