"""Which requests may be joined, how answers are taken apart, and when two of them are the same."""

from typing import Any

import numpy as np
import pytest

from servegraph.component import read
from servegraph.component.cost import Cost
from servegraph.component.row_wise import Trials, agree, form_of, promised, rows_of, taken_apart
from servegraph.payload import Message, Meta


class Promises:
    row_wise = True

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        return X

    def transform_input(self, X: Any, names: Any) -> Any:
        return X


class Reports(Promises):
    def metrics(self) -> Any:
        return []


class Tags(Promises):
    def tags(self) -> Any:
        return {}


class Waits:
    row_wise = True

    async def predict(self, X: Any, names: Any) -> Any:
        return X


class Whole(Promises):
    def predict_raw(self, message: Any) -> Any:
        return message


class Other:
    row_wise = (1, 2)  # somebody's attribute of the same name

    def predict(self, X: Any, names: Any) -> Any:
        return X


def message(rows: Any, **members: Any) -> Message:
    return Message("ndarray", np.array(rows), **members)


@pytest.mark.parametrize(
    ("cls", "methods"),
    [
        (Promises, ["predict", "transform_input"]),
        (Whole, ["transform_input"]),
        (Reports, []),
        (Tags, []),
        (Waits, []),
        (Other, []),
    ],
)
def test_only_what_promises_it_and_speaks_of_no_single_request_is_joined(cls: Any, methods: list[str]):
    assert list(promised(read(cls(), "n"), "n")) == methods


def test_an_instance_may_promise_it():
    instance = Other()
    assert promised(read(instance, "n"), "n") == {}
    instance.row_wise = True  # type: ignore[assignment]
    assert list(promised(read(instance, "n"), "n")) == ["predict"]


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        (message([[1.0, 2.0]]), 1),
        (message([[[1], [2]], [[3], [4]]]), 2),
        (message([[True], [False]]), 2),
        (message([1.0, 2.0]), 0),
        (message([["a"]]), 0),
        (message([[None]]), 0),
        (Message("strData", "a"), 0),
        (Message("jsonData", [[1.0]]), 0),
        (Message(), 0),
    ],
)
def test_rows_of_numbers_are_counted(given: Message, rows: int):
    assert rows_of(given) == rows


@pytest.mark.parametrize(
    ("name", "why"),
    [("tags", "it has tags(), which speaks of single requests"), ("other", "no method of it takes plain rows")],
)
def test_a_promise_without_effect_is_told(name: str, why: str, caplog: pytest.LogCaptureFixture):
    cls = type("C", (Promises,) if name == "tags" else (), {name: lambda self: {}, "row_wise": True})
    assert promised(read(cls(), "n"), "n") == {}
    assert caplog.messages == [f"node 'n': row_wise = True has no effect: {why}"]


HOOK, WITH_META = (
    promised(read(Promises(), "n"), "n")["transform_input"],
    promised(read(Promises(), "n"), "n")["predict"],
)


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (message([[3.0, 4.0], [5.0, 6.0]], names=["a", "b"]), True),
        (message([[3.0, 4.0]], names=["a", "c"]), False),
        (message([[3, 4]], names=["a", "b"]), False),
        (message([[3.0, 4.0, 5.0]], names=["a", "b"]), False),
        (Message("tensor", np.array([[3.0, 4.0]]), ["a", "b"]), False),
    ],
)
def test_joined_requests_have_all_but_their_rows_in_common(other: Message, fits: bool):
    form = form_of("transform_input", HOOK, message([[1.0, 2.0]], names=["a", "b"]))
    assert form.fits(form_of("transform_input", HOOK, other)) is fits
    assert not form.fits(form_of("predict", HOOK, message([[1.0, 2.0]], names=["a", "b"])))
    assert not form.fits(None)


@pytest.mark.parametrize(
    ("meta", "fits"),
    [
        (Meta(sent={"puid": "2", "tags": {"a": 1}}), True),
        (Meta(puid="2", tags={"a": 1}), True),
        (Meta(sent={"puid": "1"}), False),
        (Meta(sent=None), False),
        (Meta(tags={"a": np.array([1, 2])}), False),
    ],
)
def test_meta_is_the_same_for_methods_that_take_it_but_for_the_puid(meta: Meta, fits: bool):
    first, second = message([[1]], meta=Meta(sent={"puid": "1", "tags": {"a": 1}})), message([[1]], meta=meta)
    assert form_of("predict", WITH_META, first).fits(form_of("predict", WITH_META, second)) is fits
    assert form_of("predict", HOOK, first).fits(form_of("predict", HOOK, second))


def test_an_array_and_a_list_are_taken_apart_by_their_rows():
    messages = [message([[0], [0]]), message([[0]])]
    parts = taken_apart(np.array([[1, 2], [3, 4], [5, 6]]).T.copy().T, messages)
    assert parts is not None
    assert [part.tolist() for part in parts] == [[[1, 2], [3, 4]], [[5, 6]]]
    assert all(part.flags.c_contiguous for part in parts)
    assert taken_apart(["a", "b", "c"], messages) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    "returned",
    [np.array(1), np.array([1, 2]), [1], "abc", {"a": 1}, None, (1, 2, 3), np.ma.masked_array([1, 2, 3], [0, 1, 0])],
)
def test_what_has_no_row_for_each_row_is_not_taken_apart(returned: Any):
    assert taken_apart(returned, [message([[0], [0]]), message([[0]])]) is None


@pytest.mark.parametrize(
    ("part", "alone", "same"),
    [
        (np.array([[0.5, np.nan]]), np.array([[0.5 + 1e-9, np.nan]]), True),
        (np.array([[0.5]]), np.array([[0.5001]]), False),
        (np.array([[0.5]]), np.array([0.5]), False),
        (np.array([1]), np.array([1.0]), False),
        (np.array(["a", "long"])[:1], np.array(["a"]), True),
        (np.array(["a"]), np.array(["b"]), False),
        ([["a", 1]], [["a", 1]], True),
        ([[1], [1, 2]], [[1], [1, 2]], True),
        ([[1], [1, 2]], [[1], [1, 3]], False),
        ([1], np.array([1]), False),
        ([{"a": 1}], [{"a": 1}], True),
        ([np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)], False),
        ([{"a": np.ones(2)}], [{"a": np.ones(2)}], False),
    ],
)
def test_answers_agree_within_rounding_and_labels_exactly(part: Any, alone: Any, same: bool):
    assert agree(part, alone) is same


def test_three_trials_with_different_rows_are_enough_and_with_equal_ones_they_prove_only_such():
    trials, equal, different = Trials(), [message([[1]]), message([[1]])], [message([[1]]), message([[2]])]
    for _ in range(3):
        assert trials.are_due("predict", equal)
        trials.passed("predict", equal)
    assert not trials.are_due("predict", equal)
    for _ in range(3):
        assert trials.are_due("predict", different)
        trials.passed("predict", different)
    assert not trials.are_due("predict", different)
    assert trials.are_due("transform_input", equal)


def test_cost_is_a_mean_for_each_doubling_of_the_rows():
    cost = Cost()
    assert cost.expected("predict", 4) is None
    cost.took("predict", 4, 0.010)
    cost.took("predict", 7, 0.014)
    assert cost.expected("predict", 5) == pytest.approx(0.011)
    assert cost.expected("predict", 8) is None
    assert cost.expected("route", 5) is None


def test_a_spike_counts_ten_times_the_mean_and_more_rows_bound_fewer():
    cost = Cost()
    cost.took("predict", 1, 0.001)
    cost.took("predict", 1, 1.0)
    assert cost.expected("predict", 1) == pytest.approx(0.00325)
    cost.took("predict", 64, 0.0005)
    assert cost.expected("predict", 1) == pytest.approx(0.0005)
