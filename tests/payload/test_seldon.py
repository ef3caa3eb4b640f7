"""The codecs, as an envelope uses them: every form from every other, and the engine's additions in each."""

from typing import Any

import numpy as np
import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Amendment, Envelope, Text
from servegraph.payload.seldon import FEEDBACK, MESSAGE, MESSAGES
from servegraph.payload.wire_proto import SeldonFeedback, SeldonMessage, SeldonMessageList

BODY = b'{"data": {"ndarray": [[1.5]]}, "meta": {"tags": {"a": 1}, "x": 2}}'
AMENDMENT = Amendment("p1", {"b": [2], "a": "new"}, {"ab": 1})


def from_text() -> Envelope[Message]:
    return Envelope(MESSAGE, "rest", text=Text(BODY))


def from_document() -> Envelope[Message]:
    return Envelope(MESSAGE, "rest", document=from_text().document())


def from_value() -> Envelope[Message]:
    return Envelope(MESSAGE, "rest", value=from_text().value())


def from_proto() -> Envelope[Message]:
    return Envelope(MESSAGE, "grpc", proto=from_text().proto())


@pytest.mark.parametrize("envelope", [from_text, from_document, from_value, from_proto])
def test_every_form_gives_the_same_message(envelope: Any):
    message = envelope().value()
    assert (message.kind, message.value.tolist(), message.meta.tags) == ("ndarray", [[1.5]], {"a": 1})
    assert envelope().proto().data.ndarray[0][0] == 1.5
    assert envelope().document()["data"]["ndarray"] == [[1.5]]


@pytest.mark.parametrize("envelope", [from_text, from_document, from_value, from_proto])
def test_an_amendment_says_the_same_in_every_form(envelope: Any):
    before = envelope()
    amended = before.amended(AMENDMENT)
    assert amended.value().meta == Meta("p1", {"a": "new", "b": [2]}, {"ab": 1})
    assert amended.document()["meta"]["puid"] == "p1"
    assert before.value().meta == Meta(tags={"a": 1})


def test_an_amended_message_shows_the_amendment_to_components():
    meta = from_value().amended(AMENDMENT).value().meta
    assert meta.sent is Meta().sent


def test_an_amendment_that_changes_nothing_creates_no_meta():
    amendment = Amendment(routing={"a": 1}, creates_meta=False)
    document = Envelope(MESSAGE, "rest", document={"strData": "a"}).amended(amendment).document()
    assert document == {"strData": "a"}
    assert not Envelope(MESSAGE, "grpc", proto=SeldonMessage(strData="a")).amended(amendment).proto().HasField("meta")
    assert Envelope(MESSAGE, "rest", document=[1]).amended(AMENDMENT).document() == [1]


def test_a_lone_surrogate_has_no_protobuf():
    with pytest.raises(MalformedArray, match="^the message has no form to be sent in: .*surrogates not allowed$"):
        Envelope(MESSAGE, "rest", text=Text(b'{"strData": "\\ud800"}')).proto()


@pytest.mark.parametrize("body", [b'[{"strData": "a"}]', b'{"seldonMessages": [{"strData": "a"}], "x": 1}'])
def test_a_list_of_messages_may_be_bare(body: bytes):
    envelope = Envelope(MESSAGES, "rest", text=Text(body))
    assert [message.value for message in envelope.value()] == ["a"]
    assert envelope.proto() == SeldonMessageList(seldonMessages=[MESSAGE.to_proto(Message("strData", "a"))])
    again = Envelope(MESSAGES, "rest", value=envelope.value()).text()
    assert again.body == b'{"seldonMessages":[{"meta":{},"strData":"a"}]}\n'
    assert [message.value for message in Envelope(MESSAGES, "grpc", proto=envelope.proto()).value()] == ["a"]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"data": {}}, "Invalid request data type: {'data': {}}"),
        ({"seldonMessages": 5}, "Invalid request data type: {'seldonMessages': 5}"),
        ("x", "Invalid request data type: x"),
        ([5], "Invalid request data type: 5"),
    ],
)
def test_what_is_no_list_of_messages_is_refused(document: Any, text: str):
    with pytest.raises(InvalidPayload) as caught:
        MESSAGES.from_document(document)
    assert str(caught.value) == text


def test_every_message_of_a_list_is_amended():
    messages = MESSAGES.amend_document([{"strData": "a"}, {"strData": "b"}], Amendment("p"))
    assert [message["meta"] for message in messages] == [{"puid": "p"}, {"puid": "p"}]
    proto = MESSAGES.amend_proto(SeldonMessageList(seldonMessages=[SeldonMessage(strData="a")]), Amendment("p"))
    assert [message.meta.puid for message in MESSAGES.amend_value(MESSAGES.from_proto(proto), Amendment("q"))] == ["q"]


def test_feedback_goes_from_form_to_form():
    feedback = Feedback(Message("ndarray", np.array([1.0])), Message(meta=Meta("p")), Message(), 0.5)
    envelope = Envelope(FEEDBACK, "rest", value=feedback)
    assert Envelope(FEEDBACK, "rest", text=envelope.text()).value().response.meta.puid == "p"
    assert envelope.proto() == SeldonFeedback.FromString(envelope.proto().SerializeToString())
    assert Envelope(FEEDBACK, "grpc", proto=envelope.proto()).value().request.value.tolist() == [1.0]


@pytest.mark.parametrize("form", ["document", "proto", "value"])
def test_feedback_is_amended_in_its_response(form: str):
    document = {"request": {"strData": "a"}, "response": {"meta": {"routing": {"x": 0}}}, "reward": 1}
    made = Envelope(FEEDBACK, "rest", document=document)
    forms: dict[str, Envelope[Feedback]] = {
        "document": made,
        "proto": Envelope(FEEDBACK, "grpc", proto=made.proto()),
        "value": Envelope(FEEDBACK, "rest", value=made.value()),
    }
    amended = forms[form].amended(Amendment(routing={"ab": 1})).value()
    assert (amended.response.meta.routing, amended.request.value, amended.reward) == ({"x": 0, "ab": 1}, "a", 1.0)
