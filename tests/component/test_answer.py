"""From a return value to a message: Seldon's table of kinds, and the rule of names."""

from typing import Any

import numpy as np
import pytest

from servegraph.component import UnusableAnswer, answer
from servegraph.payload import Kind, Message, Meta

TENSOR = Message("tensor", np.array([[1.0]]), ["request"])
NDARRAY = Message("ndarray", np.array([[1.0]]), ["request"])
TEXT = Message("strData", "x")
BYTES = Message("binData", b"x")
JSON = Message("jsonData", {"a": 1})


@pytest.mark.parametrize("request_", [TENSOR, NDARRAY, TEXT, BYTES, JSON])
@pytest.mark.parametrize(
    ("value", "kind", "carried"),
    [
        ("text", "strData", "text"),
        ("", "strData", ""),
        (b"\x00", "binData", b"\x00"),
        (bytearray(b"\x01"), "binData", b"\x01"),
        ({"a": [1]}, "jsonData", {"a": [1]}),
        ({}, "jsonData", {}),
    ],
)
def test_text_bytes_and_objects_are_themselves(request_: Message, value: object, kind: Kind, carried: object):
    message = answer(value, request_, None, Meta())
    assert (message.kind, message.value, message.names) == (kind, carried, [])


@pytest.mark.parametrize(
    ("request_", "kind"),
    [(TENSOR, "tensor"), (NDARRAY, "ndarray"), (TEXT, "tensor"), (BYTES, "tensor"), (JSON, "tensor")],
)
@pytest.mark.parametrize(
    "value",
    [
        [[0.5, 0.5]],
        [[1, 2]],
        np.array([[1.0, 2.0]]),
        np.array([[1, 2]], dtype=np.uint8),
        np.array([[1, 2]], dtype=np.float32),
    ],
)
def test_numbers_answer_in_the_kind_of_the_request(request_: Message, kind: Kind, value: Any):
    message = answer(value, request_, None, Meta())
    assert message.kind == kind
    assert message.value.shape == (1, 2)


@pytest.mark.parametrize("request_", [TENSOR, NDARRAY, TEXT, JSON])
@pytest.mark.parametrize(
    "value", [["a", "b"], [[True, False]], [["a", None]], [{"a": 1}], np.array(["x"]), np.array([True]), [None]]
)
def test_what_is_no_number_answers_as_ndarray(request_: Message, value: Any):
    message = answer(value, request_, None, Meta())
    assert message.kind == "ndarray"
    assert message.value.tolist() == list(value)


def test_an_empty_list_counts_as_numbers():
    assert answer([], TEXT, None, Meta()).kind == "tensor"
    assert answer([], NDARRAY, None, Meta()).kind == "ndarray"


def test_integers_stay_integers():
    assert answer([[1, 2]], NDARRAY, None, Meta()).value.dtype == np.int64


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "returned a NoneType; return an array, list, str, bytes or dict"),
        (5, "returned a int; return an array, list, str, bytes or dict"),
        (0.5, "returned a float; return an array, list, str, bytes or dict"),
        (True, "returned a bool; return an array, list, str, bytes or dict"),
        ((1, 2), "returned a tuple; return an array, list, str, bytes or dict"),
        ({1}, "returned a set; return an array, list, str, bytes or dict"),
        (np.float64(0.5), "returned a float64; return an array, list, str, bytes or dict"),
    ],
)
def test_other_values_are_unusable(value: object, text: str):
    with pytest.raises(UnusableAnswer) as caught:
        answer(value, NDARRAY, None, Meta())
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("value", "class_names", "names"),
    [
        ([[0.1, 0.9]], None, ["t:0", "t:1"]),
        ([[0.1, 0.9]], ("benign", "malignant"), ["benign", "malignant"]),
        ([[0.1, 0.9]], ("only",), ["only"]),
        ([[0.1, 0.9]], (), []),
        ([["a"], ["b"]], None, ["t:0"]),
        (np.zeros((2, 3, 4)), None, ["t:0", "t:1", "t:2"]),
        ([0.1, 0.9], None, []),
        ([0.1, 0.9], ("benign", "malignant"), []),
        (np.array(5.0), ("benign",), []),
        ([], None, []),
        ("text", ("benign",), []),
        ({"a": 1}, ("benign",), []),
    ],
)
def test_names_are_the_class_names_and_never_the_requests(value: Any, class_names: Any, names: list[str]):
    assert answer(value, NDARRAY, class_names, Meta()).names == names


def test_meta_is_the_one_given():
    meta = Meta(puid="p", tags={"a": 1})
    assert answer([1], NDARRAY, None, meta).meta is meta
