"""From a return value to a message: Seldon's table of kinds, and the rule of names."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from google.protobuf import any_pb2

from servegraph.component.answer import UnusableAnswer, answer
from servegraph.payload import Kind, Message, Meta

OTHERS: list[Kind | None] = ["strData", "binData", "jsonData", "customData", None]
ARRAYS: list[Kind] = ["tensor", "ndarray", "tftensor"]
REST_TEXT = "Unknown data type returned as payload (must be list or np array):"


def answered(value: Any, request: Kind | None = "ndarray", transport: Any = "rest", names: Any = None) -> Message:
    return answer(value, request, lambda: names, transport, Meta()).value()


@pytest.mark.parametrize("request_", [*OTHERS, *ARRAYS])
@pytest.mark.parametrize(
    ("value", "kind", "carried"),
    [
        ("text", "strData", "text"),
        ("", "strData", ""),
        (np.str_("x"), "strData", "x"),
        (b"\x00", "binData", b"\x00"),
        (bytearray(b"\x01"), "binData", b"\x01"),
        ({"a": [1]}, "jsonData", {"a": [1]}),
        ({}, "jsonData", {}),
    ],
)
def test_text_bytes_and_objects_are_themselves(request_: Kind | None, value: object, kind: Kind, carried: object):
    message = answered(value, request_)
    assert (message.kind, message.value, message.names) == (kind, carried, [])


@pytest.mark.parametrize(
    ("request_", "kind"), [*((kind, "tensor") for kind in OTHERS), *((kind, kind) for kind in ARRAYS)]
)
@pytest.mark.parametrize(
    "value",
    [
        [[0.5, 0.5]],
        [[1, 2]],
        [(1, 2)],
        np.array([[1.0, 2.0]]),
        np.array([[1.0, 2j]]),
        np.array([[1, 2]], dtype=np.uint8),
        np.array([[1, 2]], dtype=np.float32),
    ],
)
def test_numbers_answer_in_the_kind_of_the_request(request_: Kind | None, kind: Kind, value: Any):
    message = answered(value, request_)
    assert message.kind == kind
    assert message.value.shape == (1, 2)


@pytest.mark.parametrize("request_", [*OTHERS, *ARRAYS])
@pytest.mark.parametrize(
    "value", [["a", "b"], [[True, False]], [["a", None]], [{"a": 1}], np.array(["x"]), np.array([True]), [None]]
)
def test_what_is_no_number_answers_as_ndarray(request_: Kind | None, value: Any):
    message = answered(value, request_)
    assert message.kind == "ndarray"
    assert message.value.tolist() == list(value)


def test_an_empty_list_counts_as_numbers():
    assert answered([], "strData").kind == "tensor"
    assert answered([], "ndarray").kind == "ndarray"


def test_integers_stay_integers():
    assert answered([[1, 2]]).value.dtype == np.int64


def test_numbers_beside_strings_are_numbers_in_json_and_strings_to_the_next_node():
    envelope = answer(["a", 1, True], "tensor", lambda: None, "rest", Meta("p"))
    assert envelope.text().body == b'{"data":{"names":[],"ndarray":["a",1,true]},"meta":{"puid":"p"}}\n'
    assert envelope.value().value.tolist() == ["a", "1", "True"]


@pytest.mark.parametrize("value", [None, 5, 0.5, True, (1, 2), {1}, np.float64(0.5), Decimal(1), any_pb2.Any()])
def test_other_values_are_unusable(value: object):
    with pytest.raises(UnusableAnswer) as caught:
        answered(value)
    assert str(caught.value) == f"{REST_TEXT}{value}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, 'can only concatenate str (not "NoneType") to str'),
        (7, 'can only concatenate str (not "int") to str'),
        (
            bytearray(b"\x02"),
            "Cannot set seldon.protos.SeldonMessage.binData to bytearray(b'\\x02'): bytearray(b'\\x02') has type "
            "<class 'bytearray'>, but expected one of: (<class 'bytes'>,) for field SeldonMessage.binData",
        ),
    ],
)
def test_over_grpc_they_fail_in_the_words_of_the_component_server(value: object, text: str):
    with pytest.raises(TypeError) as caught:
        answered(value, transport="grpc")
    assert str(caught.value) == text


def test_an_any_is_custom_data_over_grpc():
    message = answered(any_pb2.Any(type_url="x", value=b"y"), transport="grpc")
    assert (message.kind, message.value) == ("customData", any_pb2.Any(type_url="x", value=b"y"))


def test_ragged_lists_are_refused_in_numpys_words():
    with pytest.raises(ValueError, match="^setting an array element with a sequence"):
        answered([[1, 2], [3]])


@pytest.mark.parametrize(
    ("value", "class_names", "names"),
    [
        ([[0.1, 0.9]], None, ["t:0", "t:1"]),
        ([[0.1, 0.9]], ("benign", "malignant"), ["benign", "malignant"]),
        ([[0.1, 0.9]], ["only"], ["only"]),
        ([[0.1, 0.9]], np.array(["a", "b"]), ["a", "b"]),
        ([[0.1, 0.9]], (), []),
        ([["a"], ["b"]], None, ["t:0"]),
        (np.zeros((2, 3, 4)), None, ["t:0", "t:1", "t:2"]),
        ([0.1, 0.9], None, []),
        ([0.1, 0.9], ("benign", "malignant"), []),
        (np.array(5.0), ("benign",), []),
        ([], None, []),
        ("text", ("benign",), []),
    ],
)
def test_names_are_the_class_names_and_never_the_requests(value: Any, class_names: Any, names: list[str]):
    assert answered(value, names=class_names).names == names


def test_wide_arrays_have_names_for_all_their_columns():
    assert answered(np.zeros((1, 1001))).names[-1] == "t:1000"


def test_meta_is_the_one_given():
    meta = Meta(puid="p", tags={"a": 1})
    assert answer([1], "ndarray", lambda: None, "rest", meta).value().meta is meta
