"""TensorFlow Serving's answers as the next node's requests."""

import pytest

from servegraph.errors import InvalidPayload
from servegraph.payload.schema import message_class
from servegraph.payload.tensorflow_serving import chained_document, chained_proto


def make(name: str, data: bytes = b"") -> object:
    return message_class(f"tensorflow.serving.{name}").FromString(data)


def test_predictions_become_instances():
    document = {"predictions": [[9007199254740993]], "x": 1}
    assert chained_document(document) == {"instances": [[9007199254740993]], "x": 1}
    assert "predictions" in document


@pytest.mark.parametrize("document", [{"instances": [1]}, {"inputs": {"x": 1}}, {"instances": [], "predictions": []}])
def test_a_request_stays(document: object):
    assert chained_document(document) is document


@pytest.mark.parametrize("document", [{"foo": 1}, {}, [], None])
def test_what_is_neither_is_refused(document: object):
    with pytest.raises(InvalidPayload) as caught:
        chained_document(document)
    assert str(caught.value) == "Failed to convert tensorflow response so it could be chained to new input"


def test_outputs_become_inputs():
    answer = message_class("tensorflow.serving.PredictResponse")()
    answer.outputs["y"].dtype = 9
    answer.outputs["y"].int64_val.append(2**53 + 1)
    request = chained_proto(answer, "b")
    assert request.DESCRIPTOR.full_name == "tensorflow.serving.PredictRequest"
    assert (request.model_spec.name, list(request.inputs["y"].int64_val)) == ("b", [2**53 + 1])


def test_a_request_only_gets_the_name():
    first = message_class("tensorflow.serving.PredictRequest")()
    first.model_spec.signature_name = "s"
    second = chained_proto(first, "b")
    assert (second.model_spec.name, second.model_spec.signature_name, first.model_spec.name) == ("b", "s", "")


def test_examples_that_are_not_read_are_passed_on():
    # field 2 (input) holds field 1 (example_list), which is not declared here
    first = make("ClassificationRequest", bytes.fromhex("12040a020a00"))
    assert chained_proto(first, "b").SerializeToString() == bytes.fromhex("0a030a016212040a020a00")


def test_an_answer_that_is_no_prediction_is_refused():
    with pytest.raises(InvalidPayload, match="a ClassificationResponse cannot be chained"):
        chained_proto(make("ClassificationResponse"), "b")
