"""What a node gets of an Open Inference request, and the response its answer makes."""

from typing import Any

import numpy as np
import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import Message, Meta
from servegraph.payload.open_inference import (
    InferRequest,
    InferResponse,
    Tensor,
    from_message,
    to_message,
)


def bytes_of(*values: bytes) -> Any:
    return np.array(values, dtype=object)


def asked(*tensors: Tensor, **parameters: Any) -> Message:
    return to_message(InferRequest("m", "1", "7", parameters, list(tensors)))


def test_one_numeric_input_is_that_array():
    message = asked(Tensor("x", "FP32", np.array([[1.5, 2.5]], np.float32)))
    assert (message.kind, message.names, message.meta.puid) == ("tensor", [], "7")
    assert message.value.dtype == np.float32
    assert message.value.tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize("names", [["a", "b"], '["a","b"]', "a,b"])
def test_names_come_from_a_parameter(names: Any):
    x = Tensor("x", "FP32", np.array([[1.5, 2.5]], np.float32))
    assert asked(x, names=names).names == ["a", "b"]
    assert asked(Tensor("x", "FP32", x.data, {"names": names}), names="c").names == ["a", "b"]


@pytest.mark.parametrize("names", [None, 5, "[1", {"a": 1}])
def test_names_that_are_none_are_ignored(names: Any):
    assert len(asked(Tensor("x", "INT8", np.array([1], "i1")), names=names).names) == 0


def test_several_columns_are_a_table():
    message = asked(
        Tensor("a", "INT64", np.array([1, 2])),
        Tensor("b", "INT64", np.array([[3], [4]])),
    )
    assert (message.kind, message.names) == ("tensor", ["a", "b"])
    assert message.value.dtype == np.int64
    assert message.value.tolist() == [[1, 3], [2, 4]]


def test_a_single_column_of_a_table_keeps_its_name():
    message = asked(Tensor("age", "INT64", np.array([30, 40])), content_type="pd")
    assert (message.names, message.value.tolist()) == (["age"], [[30], [40]])
    assert asked(Tensor("age", "INT64", np.array([30, 40]))).value.tolist() == [30, 40]


def test_columns_of_text_and_numbers_are_an_ndarray():
    message = asked(Tensor("a", "BYTES", bytes_of(b"x", b"y")), Tensor("b", "FP64", np.array([1.5, 2.5])))
    assert (message.kind, message.names) == ("ndarray", ["a", "b"])
    assert message.value.tolist() == [["x", 1.5], ["y", 2.5]]


@pytest.mark.parametrize("shape", [(3,), (1, 2), (), (2, 1, 1)])
def test_inputs_that_are_no_columns_are_an_object(shape: tuple[int, ...]):
    message = asked(Tensor("a", "FP64", np.array([1.5, 2.5])), Tensor("b", "FP64", np.ones(shape)))
    assert message.kind == "jsonData"
    assert sorted(message.value) == ["a", "b"]
    assert message.value["b"].shape == shape


def test_bytes_are_text():
    message = asked(Tensor("x", "BYTES", bytes_of(b"a", b"h\xc3\xa9")))
    assert (message.kind, message.value.tolist()) == ("ndarray", ["a", "hé"])


def test_bytes_that_are_no_text_stay_bytes():
    assert asked(Tensor("x", "BYTES", bytes_of(b"a", b"\xff"))).value.tolist() == [b"a", b"\xff"]


@pytest.mark.parametrize(
    ("content_type", "element", "kind", "value"),
    [
        ("str", b"h\xc3\xa9", "strData", "hé"),
        ("base64", b"AP8=", "binData", b"\x00\xff"),
        ("hg_json", b'{"a":[1]}', "jsonData", {"a": [1]}),
        ("json", b"null", "jsonData", None),
    ],
)
def test_a_content_type_says_what_one_element_is(content_type: str, element: bytes, kind: str, value: Any):
    message = asked(Tensor("x", "BYTES", bytes_of(element), {"content_type": content_type}))
    assert (message.kind, message.value) == (kind, value)
    message = asked(Tensor("x", "BYTES", bytes_of(element)), content_type=content_type)
    assert (message.kind, message.value) == (kind, value)


@pytest.mark.parametrize(("content_type", "element"), [("str", b"\xff"), ("base64", b"?"), ("json", b"{")])
def test_an_element_that_is_not_its_content_type_is_refused(content_type: str, element: bytes):
    with pytest.raises(MalformedArray, match=f"x is no {content_type}"):
        asked(Tensor("x", "BYTES", bytes_of(element), {"content_type": content_type}))


def test_a_request_without_inputs_is_refused():
    with pytest.raises(InvalidPayload, match="the request has no inputs"):
        asked()
    assert to_message(InferResponse()).kind is None


@pytest.mark.parametrize(
    ("kind", "value", "datatype", "data"),
    [
        ("tensor", np.array([[0.5]]), "FP64", [[0.5]]),
        ("tensor", np.array([1.5], dtype=">f4"), "FP32", [1.5]),
        ("ndarray", np.array([1, 2]), "INT64", [1, 2]),
        ("ndarray", np.array([True]), "BOOL", [True]),
        ("tftensor", np.array([1], np.uint8), "UINT8", [1]),
        ("ndarray", np.array(["a", "hé"]), "BYTES", [b"a", b"h\xc3\xa9"]),
        ("ndarray", np.array(["a", b"\xff"], dtype=object), "BYTES", [b"a", b"\xff"]),
        ("ndarray", np.array([], dtype=object), "BYTES", []),
        ("strData", "hé", "BYTES", [b"h\xc3\xa9"]),
        ("binData", b"\x00\xff", "BYTES", [b"AP8="]),
        ("jsonData", {"a": [1, None]}, "BYTES", [b'{"a":[1,null]}']),
        ("jsonData", {"a": np.array([1])}, "BYTES", [b'{"a":[1]}']),
    ],
)
def test_an_answer_is_one_output(kind: Any, value: Any, datatype: str, data: Any):
    response = from_message(Message(kind, value), InferRequest("m", "1", "7"))
    assert (response.model_name, response.model_version, response.id) == ("m", "1", "7")
    [output] = response.outputs
    assert (output.name, output.datatype, output.data.tolist()) == ("predict", datatype, data)


def test_missing_numbers_are_not_a_number():
    [output] = from_message(Message("ndarray", np.array([1.5, None], dtype=object))).outputs
    assert (output.datatype, output.data[0], np.isnan(output.data[1])) == ("FP64", 1.5, True)


def test_class_names_and_the_name_of_the_output_are_told():
    [output] = from_message(Message("tensor", np.array([[0.5, 0.5]]), ["no", "yes"]), output="probability").outputs
    assert output.name == "probability"
    assert output.parameters == {"names": '["no","yes"]'}


def test_the_kind_of_an_answer_can_be_asked_for_again():
    for message in (Message("strData", "a"), Message("binData", b"\xff"), Message("jsonData", {"a": 1})):
        back = to_message(from_message(message))
        assert (back.kind, back.value) == (message.kind, message.value)


def test_an_answer_without_data_has_no_outputs():
    assert from_message(Message(meta=Meta(puid="9"))) == InferResponse(id="9")


@pytest.mark.parametrize(
    "message",
    [
        Message("ndarray", np.array(["a", 1], dtype=object)),
        Message("ndarray", np.array([{}], dtype=object)),
        Message("ndarray", np.array([1j])),
        Message("jsonData", {"a": object()}),
        Message("customData", b""),
    ],
)
def test_an_answer_that_the_protocol_does_not_have_is_refused(message: Message):
    with pytest.raises(InvalidPayload):
        from_message(message)


def test_a_message_that_nobody_changed_is_what_it_was():
    response = InferResponse("b", "2", "7", {"p": 1}, [Tensor("y", "BF16", np.array([1.5], np.float32))])
    assert from_message(to_message(response)) is response
    request = InferRequest("b", "2", "7", inputs=[Tensor("x", "BF16", np.array([1.5], np.float32), {"p": 1})])
    assert from_message(to_message(request)).outputs == request.inputs


def test_a_message_with_another_value_is_a_new_answer():
    message = to_message(InferResponse("b", outputs=[Tensor("y", "FP32", np.array([1.5], np.float32))]))
    message.value = np.array([2.5])
    assert from_message(message).outputs[0].data.tolist() == [2.5]
