"""An error quotes the beginning of a message, without printing the whole of it first."""

from time import perf_counter
from typing import Any

import pytest

from servegraph.payload.quoting import quoted


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"foo": 1}, "{'foo': 1}"),
        ([1, 2], "[1, 2]"),
        (5, "5"),
        (None, "None"),
        ("x", "x"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [True, None, 1.5, {"b": "it's"}]}, "{'a': [True, None, 1.5, {'b': \"it's\"}]}"),
    ],
)
def test_short_documents_are_quoted_as_python_writes_them(document: Any, text: str) -> None:
    assert quoted(document) == text


def test_long_documents_are_cut_at_2000_characters_at_once() -> None:
    document = {"x" * 10_000_000: ["y" * 10_000_000] * 100_000}
    started = perf_counter()

    assert quoted(document) == "{'" + "x" * 1998 + "..."
    assert perf_counter() - started < 0.1
