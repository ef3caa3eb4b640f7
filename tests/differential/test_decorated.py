"""Names, tags, metrics, metadata and errors that a class adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.differential import documents, protobufs
from tests.differential.asking import Rest, post, rpc
from tests.differential.deviations import check
from tests.differential.documents import examples
from tests.differential.pair import Pair

METHODS = st.sampled_from(["/predict", "/transform-input", "/transform-output", "/route"])
RPCS = st.sampled_from(["Model/Predict", "Generic/TransformInput", "Generic/TransformOutput", "Generic/Route"])
SPOKEN = ["hello", "refuse", "default", "bad metric", "metrics no list"]


@pytest.mark.parametrize("said", SPOKEN)
def test_answer_at_run_time_is_alike(decorated: Pair, said: str) -> None:
    message = {
        "strData": said,
        "meta": {"tags": {"shared": "request", "own": True}, "metrics": [{"key": "m", "type": "GAUGE", "value": 1}]},
    }
    check(decorated, post("/predict", message))
    check(decorated, rpc("Model/Predict", message))


@pytest.mark.parametrize("path", ["/metadata", "/health/status", "/health/ping"])
def test_description_is_alike(decorated: Pair, path: str) -> None:
    check(decorated, Rest(path, method="GET", type=None))


@examples(70)
@given(METHODS, documents.messages)
def test_message_is_answered_alike_over_rest(decorated: Pair, path: str, message: object) -> None:
    check(decorated, post(path, message))


@examples(60)
@given(METHODS, documents.odd_metas)
def test_meta_is_answered_alike_over_rest(decorated: Pair, path: str, meta: object) -> None:
    check(decorated, post(path, {"data": {"ndarray": [[1]]}, "meta": meta}))


@examples(50)
@given(RPCS, protobufs.messages)
def test_message_is_answered_alike_over_grpc(decorated: Pair, method: str, message: object) -> None:
    check(decorated, rpc(method, message))


@examples(30)
@given(st.lists(documents.messages, max_size=3))
def test_aggregate_is_answered_alike_over_rest(decorated: Pair, each: list[object]) -> None:
    check(decorated, post("/aggregate", each))


@examples(20)
@given(documents.feedbacks)
def test_feedback_is_answered_alike_over_rest(decorated: Pair, document: object) -> None:
    check(decorated, post("/send-feedback", document))
