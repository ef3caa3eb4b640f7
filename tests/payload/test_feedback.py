"""Feedback in JSON and protobuf: reward, truth, and the messages it may leave out."""

import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import Feedback, Meta, wire_json, wire_proto
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK

SeldonFeedback = message_class("seldon.protos.Feedback")


def decoded(body: bytes) -> Feedback:
    return FEEDBACK.from_document(wire_json.parse(body))


def test_json_feedback_is_read_whole():
    feedback = decoded(
        b'{"request": {"data": {"names": ["a"], "ndarray": [[1]]}}, "reward": 0.5, "truth": {"data": {"ndarray": [1]}},'
        b' "response": {"meta": {"puid": "p", "routing": {"ab": 1}}, "data": {"ndarray": [[0.9]]}}}'
    )
    assert feedback.reward == 0.5
    assert feedback.request.value.tolist() == [[1]]
    assert feedback.request.names == ["a"]
    assert feedback.response.meta == Meta(puid="p", routing={"ab": 1})
    assert feedback.response.value.tolist() == [[0.9]]
    assert feedback.truth.value.tolist() == [1]


@pytest.mark.parametrize("reward", [b"0", b"0.0", b"-0.0"])
def test_zero_reward_is_zero(reward: bytes):
    assert decoded(b'{"reward": ' + reward + b', "response": {"meta": {"puid": "p"}}}').reward == 0.0


def test_a_reward_that_is_left_out_is_zero_and_a_negative_one_is_kept():
    assert decoded(b'{"response": {"meta": {"puid": "p"}}}').reward == 0.0
    assert decoded(b'{"reward": -2}').reward == -2.0


def test_messages_may_be_left_out_or_null_or_without_data():
    feedback = decoded(b'{"request": null, "response": {"meta": {"puid": "p"}}}')
    assert (feedback.request.kind, feedback.response.kind, feedback.truth.kind) == (None, None, None)
    assert feedback.response.meta.puid == "p"


def test_json_feedback_is_read_as_protobuf_reads_it():
    feedback = decoded(b'{"request": {"data": {"ndarray": [[1, 2]]}}, "reward": "0.5", "response": {"meta": null}}')
    assert feedback.request.value.dtype == "float64"
    assert feedback.reward == 0.5


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b'{"foo": 1}',
            'Invalid JSON: Message type "seldon.protos.Feedback" has no field named "foo" at "Feedback".\n'
            " Available Fields(except extensions): \"['request', 'response', 'reward', 'truth']\"",
        ),
        (b"[1]", "Invalid JSON: Failed to parse 1 field: expected string or bytes-like object, got 'int'."),
        (b'{"request": 5}', "Invalid JSON: Failed to parse request field: 'int' object is not iterable."),
        (b'{"reward": 1e39}', "Invalid JSON: Failed to parse reward field: Float value too large at Feedback.reward."),
    ],
)
def test_malformed_feedback_is_refused_in_protobufs_words(body: bytes, text: str):
    with pytest.raises(InvalidPayload) as caught:
        decoded(body)
    assert (str(caught.value), isinstance(caught.value, MalformedArray)) == (text, False)


def test_feedback_that_is_no_object_is_malformed():
    with pytest.raises(MalformedArray) as caught:
        decoded(b"5")
    assert str(caught.value.__cause__) == "'int' object is not iterable"


def test_feedback_with_an_unreadable_array_is_malformed():
    with pytest.raises(MalformedArray, match=r"^data\.ndarray has rows of different lengths$"):
        decoded(b'{"request": {"data": {"ndarray": [[1], [1, 2]]}}}')


def test_the_array_of_the_response_may_be_unreadable():
    feedback = decoded(b'{"response": {"data": {"ndarray": [[1], []]}, "meta": {"routing": {"ab": 1}}}, "reward": 1}')
    assert (feedback.response.kind, feedback.response.meta.routing) == (None, {"ab": 1})


def test_protobuf_feedback_is_read_whole():
    proto = SeldonFeedback(reward=0.5)
    proto.request.data.ndarray.extend([[1.0, 2.0]])
    proto.response.meta.puid = "p"
    proto.response.meta.routing["ab"] = 1
    proto.truth.data.tensor.shape.append(1)
    proto.truth.data.tensor.values.append(1.0)
    feedback = wire_proto.decode_feedback(SeldonFeedback.FromString(proto.SerializeToString()))
    assert feedback.reward == 0.5
    assert feedback.request.value.tolist() == [[1.0, 2.0]]
    assert feedback.response.meta == Meta(puid="p", routing={"ab": 1})
    assert feedback.response.kind is None
    assert feedback.truth.value.tolist() == [1.0]


def test_empty_protobuf_feedback_has_zero_reward_and_no_data():
    feedback = wire_proto.decode_feedback(SeldonFeedback())
    assert (feedback.reward, feedback.request.kind, feedback.truth.kind) == (0.0, None, None)
