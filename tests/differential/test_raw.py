"""Classes that take and give whole messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.differential import documents, protobufs
from tests.differential.asking import Rest, post, rpc
from tests.differential.deviations import check
from tests.differential.documents import examples
from tests.differential.pair import Pair

PATHS = st.sampled_from(["/predict", "/transform-input", "/transform-output", "/route", "/aggregate"])


@examples(60)
@given(PATHS, documents.odd_messages)
def test_raw_method_answers_alike_over_rest(raw: Pair, path: str, message: object) -> None:
    check(raw, post(path, message))


@pytest.mark.parametrize("status", [200, 202, 418, 503, -1, 0, 1000, "200", 404.5, None, True])
def test_status_that_a_raw_method_sets_is_alike(raw: Pair, status: object) -> None:
    check(raw, post("/predict", {"answer_status": status}))


@examples(30)
@given(
    st.sampled_from(["Model/Predict", "Generic/TransformInput", "Generic/TransformOutput", "Generic/Route"]),
    protobufs.messages,
)
def test_raw_method_answers_alike_over_grpc(raw: Pair, method: str, message: object) -> None:
    check(raw, rpc(method, message))


@pytest.mark.parametrize(
    "metric",
    [
        {"key": "k", "value": 1},
        {"key": "k", "value": 1, "type": "TIMER", "tags": {}},
        {"key": "k", "value": 1, "type": "GAUGE", "tags": {"a": "b", "method": "own"}},
        {"key": "k"},
        {"value": 1, "tags": {"a": "b"}},
    ],
)
def test_metric_of_a_raw_answer_is_alike(raw: Pair, metric: object) -> None:
    check(raw, post("/transform-input", {"meta": {"metrics": [metric]}}))
    check(raw, rpc("Generic/TransformInput", {"meta": {"metrics": [metric]}}))


def test_raw_aggregate_and_feedback_answer_alike(raw: Pair) -> None:
    check(raw, post("/aggregate", {"seldonMessages": [{"strData": "a"}]}))
    check(raw, rpc("Combiner/Aggregate", {"seldonMessages": [{"strData": "a"}]}))
    for feedback in ({"reward": 0.5}, {}):
        check(raw, post("/send-feedback", feedback))
        check(raw, rpc("Model/SendFeedback", feedback))


def test_raw_error_and_health_are_alike(raw: Pair) -> None:
    check(raw, post("/transform-output", {"raise": "boom"}))
    check(raw, Rest("/health/status", method="GET", type=None))
