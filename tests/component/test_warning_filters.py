"""Fewer warning filters that say the same."""

import re
import warnings
from collections.abc import Iterator

import pytest

from servegraph.component.warning_filters import merge_warning_filters

CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning, UserWarning)
TEXTS = ("numpy.dtype size changed", "Numpy.ufunc size changed", "the matrix subclass", "matrix", "of no filter")


@pytest.fixture(autouse=True)
def _own_filters() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.resetwarnings()
        yield


def libraries() -> None:
    """What Python sets, then NumPy and SciPy."""
    for category in CATEGORIES[:4]:
        warnings.simplefilter("ignore", category, append=True)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    warnings.simplefilter("always", UnicodeWarning)
    for text in TEXTS[:3]:
        warnings.filterwarnings("ignore", message=text)
    warnings.simplefilter("always", BytesWarning)


def said() -> list[tuple[str, str]]:
    """Which warnings come through."""
    with warnings.catch_warnings(record=True) as caught:
        for category in (*CATEGORIES, UnicodeWarning, BytesWarning):
            for text in TEXTS:
                warnings.warn_explicit(text, category, "file.py", 1, "somewhere", registry={})
                warnings.warn_explicit(text, category, "file.py", 1, "__main__", registry={})
    return [(str(each.message), each.category.__name__) for each in caught]


def test_what_is_said_stays_the_same_with_half_of_the_filters() -> None:
    libraries()
    before = said()
    assert len(warnings.filters) == 10
    merge_warning_filters()
    assert len(warnings.filters) == 5
    assert said() == before
    assert len(before) == 20
    merge_warning_filters()
    assert len(warnings.filters) == 5


def test_a_merged_filter_is_one_that_scikit_learn_can_set_anew() -> None:
    libraries()
    merge_warning_filters()
    before = said()
    kept = list(warnings.filters)
    warnings.resetwarnings()
    for action, message, category, module, line in kept:
        if message is None and module is None:
            warnings.simplefilter(action, category, line, append=True)  # type: ignore[arg-type]
        else:
            texts = [each.pattern if isinstance(each, re.Pattern) else each or "" for each in (message, module)]
            warnings.filterwarnings(action, texts[0], category, texts[1], line, append=True)  # type: ignore[arg-type]
    assert said() == before


@pytest.mark.parametrize("text", ["(?-i:exact)", r"(a)\1"])
def test_groups_and_flags_within_a_message_are_left_alone(text: str) -> None:
    warnings.filterwarnings("ignore", message="plain")
    warnings.filterwarnings("ignore", message=text)
    merge_warning_filters()
    assert len(warnings.filters) == 2


def test_filters_that_differ_in_what_they_do_or_where_are_left_alone() -> None:
    warnings.simplefilter("ignore", UserWarning)
    warnings.simplefilter("always", ImportWarning)
    warnings.simplefilter("always", UserWarning, lineno=3)
    warnings.filterwarnings("always", category=UserWarning, module="somewhere")
    warnings.filterwarnings("always", category=BytesWarning, module="somewhere")
    warnings.filters.append(("ignore", "a text as it stands", UserWarning, None, 0))  # type: ignore[attr-defined]
    warnings.filters.append(("ignore", "another one", UserWarning, None, 0))  # type: ignore[attr-defined]
    before = list(warnings.filters)
    merge_warning_filters()
    assert list(warnings.filters) == before
