"""From node to node, and between JSON and protobuf: nothing is lost on the way."""

import numpy as np
import pytest

from servegraph.errors import InvalidPayload
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.open_inference import (
    OPEN_INFERENCE,
    InferResponse,
    Tensor,
    chained_document,
    chained_proto,
    proto_of_response,
)
from servegraph.payload.schema import message_class

ANSWER = {
    "model_name": "b",
    "id": "1",
    "outputs": [{"name": "o", "shape": [1], "datatype": "INT64", "data": [9007199254740993]}],
    "parameters": {"content_type": None},
}


def test_a_response_is_the_next_nodes_request():
    assert chained_document(ANSWER) == {
        "model_name": "b",
        "id": "1",
        "inputs": [{"name": "o", "shape": [1], "datatype": "INT64", "data": [9007199254740993]}],
        "parameters": {"content_type": None},
    }
    assert "outputs" in ANSWER


def test_a_request_stays():
    document = {"inputs": [], "outputs": [{"name": "y"}]}
    assert chained_document(document) is document


@pytest.mark.parametrize("document", [{}, [], None, 5, {"predictions": []}])
def test_what_is_neither_is_refused(document: object):
    with pytest.raises(InvalidPayload, match="Failed to convert kfserving response so it could be chained"):
        chained_document(document)


@pytest.mark.parametrize("raw", [False, True])
def test_a_proto_response_is_the_next_nodes_request(raw: bool):
    tensor = Tensor("o", "INT64", np.array([2**53 + 1]), {"p": 1})
    request = chained_proto(proto_of_response(InferResponse("b", "2", "1", {"q": True}, [tensor]), raw=raw), "a")
    assert request.DESCRIPTOR.full_name == "inference.ModelInferRequest"
    assert (request.model_name, request.model_version, request.id) == ("a", "", "1")
    assert request.parameters["q"].bool_param is True
    assert request.inputs[0].parameters["p"].int64_param == 1
    assert list(request.inputs[0].contents.int64_contents) == ([] if raw else [2**53 + 1])
    assert list(request.raw_input_contents) == ([b"\x01\x00\x00\x00\x00\x00\x20\x00"] if raw else [])


def test_a_proto_request_only_gets_the_name():
    first = message_class("inference.ModelInferRequest")(model_name="a", model_version="3", id="1")
    second = chained_proto(first, "b")
    assert (second.model_name, second.model_version, second.id, first.model_name) == ("b", "3", "1", "a")


REQUEST = (
    b'{"id":"7","parameters":{"q":true},"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]},'
    b'{"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"p":1},"data":[0.5,1.5]}],"outputs":[{"name":"o"}]}'
)


def test_a_json_request_passes_as_protobuf_and_back():
    proto = Envelope(OPEN_INFERENCE, "rest", text=Text(REQUEST)).proto()
    assert proto.DESCRIPTOR.full_name == "inference.ModelInferRequest"
    assert list(proto.inputs[0].contents.int64_contents) == [2**53 + 1]
    assert Envelope(OPEN_INFERENCE, "grpc", proto=proto).text().body == REQUEST


def test_a_raw_json_request_passes_as_protobuf():
    head = b'{"inputs":[{"name":"x","datatype":"FP16","shape":[1],"parameters":{"binary_data_size":2}}]}'
    proto = Envelope(OPEN_INFERENCE, "rest", text=Text(head + b"\x00\x3c", header_length=len(head))).proto()
    assert list(proto.raw_input_contents) == [b"\x00\x3c"]


def test_a_json_response_passes_as_protobuf():
    proto = Envelope(OPEN_INFERENCE, "rest", document=ANSWER).proto()
    assert proto.DESCRIPTOR.full_name == "inference.ModelInferResponse"
    assert (proto.model_name, proto.id, list(proto.raw_output_contents)) == (
        "b",
        "1",
        [b"\x01\x00\x00\x00\x00\x00\x20\x00"],
    )


def test_a_nodes_answer_is_a_response_in_both_forms():
    envelope = Envelope(OPEN_INFERENCE, "rest", value=Message("tensor", np.array([1.5])))
    assert envelope.text().body == b'{"outputs":[{"name":"predict","datatype":"FP64","shape":[1],"data":[1.5]}]}'
    assert list(envelope.proto().raw_output_contents) == [b"\0\0\0\0\0\0\xf8\x3f"]


def test_raw_outputs_are_chained_raw():
    document = {"outputs": [{"name": "o", "shape": [1], "datatype": "INT8", "data": b"\x05"}]}
    text = OPEN_INFERENCE.dump(chained_document(document))
    assert text.header_length is not None
    assert text.body[text.header_length :] == b"\x05"
