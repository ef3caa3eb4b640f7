"""Payloads, return values and exceptions of a plain class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.differential import documents, forms, protobufs
from tests.differential.asking import Rest, doing, post, rpc
from tests.differential.classes.chameleon import GIVES, RAISES
from tests.differential.deviations import check
from tests.differential.documents import examples
from tests.differential.pair import Pair

ASKED = [*GIVES, *RAISES]
DATA = {"data": {"names": ["a"], "ndarray": [[1]]}}
METHODS = st.sampled_from(["/predict", "/transform-input", "/transform-output", "/route"])
RPCS = st.sampled_from(
    [
        "Model/Predict",
        "Seldon/Predict",
        "Transformer/TransformInput",
        "OutputTransformer/TransformOutput",
        "Router/Route",
    ]
)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    "message",
    [DATA, {"data": {"tensor": {"shape": [1], "values": [1]}}}, {"strData": "x"}],
    ids=lambda each: next(iter(each)),
)
def test_return_value_is_answered_alike_over_rest(chameleon: Pair, asked: str, message: dict[str, object]) -> None:
    check(chameleon, post("/predict", doing(asked, message)))


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("message", [DATA, {"strData": "x"}], ids=lambda each: next(iter(each)))
def test_return_value_is_answered_alike_over_grpc(chameleon: Pair, asked: str, message: dict[str, object]) -> None:
    check(chameleon, rpc("Model/Predict", doing(asked, message)))


@pytest.mark.parametrize("asked", ASKED)
def test_route_is_answered_alike(chameleon: Pair, asked: str) -> None:
    check(chameleon, post("/route", doing(asked, DATA)))
    check(chameleon, rpc("Router/Route", doing(asked, DATA)))


@examples(90)
@given(METHODS, documents.messages)
def test_message_is_answered_alike_over_rest(chameleon: Pair, path: str, message: object) -> None:
    check(chameleon, post(path, message))


@examples(120)
@given(METHODS, documents.odd_messages)
def test_odd_message_is_answered_alike_over_rest(chameleon: Pair, path: str, message: object) -> None:
    check(chameleon, post(path, message))


@examples(120)
@given(forms.requests())
def test_any_form_of_request_is_answered_alike(chameleon: Pair, request_: Rest) -> None:
    check(chameleon, request_)


@examples(50)
@given(
    st.lists(documents.messages, max_size=3)
    | st.fixed_dictionaries({"seldonMessages": st.lists(documents.messages, max_size=3)})
    | documents.odd_messages
)
def test_aggregate_is_answered_alike_over_rest(chameleon: Pair, document: object) -> None:
    check(chameleon, post("/aggregate", document))


@examples(60)
@given(documents.feedbacks | documents.anything)
def test_feedback_is_answered_alike_over_rest(chameleon: Pair, document: object) -> None:
    check(chameleon, post("/send-feedback", document))


@examples(90)
@given(RPCS, protobufs.messages)
def test_message_is_answered_alike_over_grpc(chameleon: Pair, method: str, message: object) -> None:
    check(chameleon, rpc(method, message))


@examples(30)
@given(protobufs.lists_of_messages)
def test_aggregate_is_answered_alike_over_grpc(chameleon: Pair, document: object) -> None:
    check(chameleon, rpc("Combiner/Aggregate", document))


@examples(40)
@given(protobufs.feedbacks)
def test_feedback_is_answered_alike_over_grpc(chameleon: Pair, document: object) -> None:
    check(chameleon, rpc("Model/SendFeedback", document))
