"""What a router may answer."""

import math
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

from servegraph.engine.branch import branch_of_document, branch_of_message, branch_of_proto
from servegraph.errors import InvalidRoute
from servegraph.payload import Message
from servegraph.payload.schema import message_class


@pytest.mark.parametrize(
    ("document", "branch"),
    [
        ({"data": {"ndarray": [[1]]}, "meta": {}}, 1),
        ({"data": {"ndarray": [2, 7]}}, 2),
        ({"data": {"ndarray": [[-1]]}}, -1),
        ({"data": {"ndarray": [1.9]}}, 1),
        ({"data": {"ndarray": [[-1.9]]}}, -1),
        ({"data": {"ndarray": ["1"]}}, 0),
        ({"data": {"ndarray": [True]}}, 0),
        ({"data": {"ndarray": [None]}}, 0),
        ({"data": {"ndarray": [{"a": 1}]}}, 0),
        ({"data": {"ndarray": [[[1]]]}}, 0),
        ({"data": {"names": ["n"], "tensor": {"shape": [1, 1], "values": [1]}}}, 1),
        ({"data": {"tftensor": {"dtype": "DT_INT32", "intVal": [1]}}}, 1),
        ({"data": {"ndarray": [[1]]}, "meta": {"tags": {"a": 1}, "requestPath": {"r": "image"}}}, 1),
        ({"data": {"ndarray": [[1]]}, "status": {"status": "SUCCESS"}}, 1),
        ([1], 1),
        ([None], 0),
    ],
)
def test_number_is_read_from_json(document: Any, branch: int) -> None:
    assert branch_of_document("r", document) == branch


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "must answer with data"),
        ({"strData": "1"}, "must answer with data"),
        ({"data": {}}, "must answer with data"),
        ({"data": {"ndarray": []}}, "empty list"),
        ({"data": {"ndarray": [[]]}}, "empty list"),
        ({"data": {"tensor": {"shape": [0], "values": []}}}, "empty list"),
        ([], "empty list"),
        (None, "empty list"),
        ({"data": {"ndarray": [[1]]}, "foo": 1}, "json: cannot unmarshal object into Go value of type []int"),
        ({"data": {"ndarray": "1"}}, "json: cannot unmarshal object into Go value of type []int"),
        ({"data": {"ndarray": [[1]]}, "meta": {"foo": 1}}, "json: cannot unmarshal object into Go value of type []int"),
        ("1", "json: cannot unmarshal string into Go value of type []int"),
        (1, "json: cannot unmarshal number into Go value of type []int"),
        (True, "json: cannot unmarshal bool into Go value of type []int"),
        ([1.5], "json: cannot unmarshal number 1.5 into Go value of type int"),
        ([1, "a"], "json: cannot unmarshal string into Go value of type int"),
        ([[1]], "json: cannot unmarshal array into Go value of type int"),
    ],
)
def test_json_without_a_number_is_no_route(document: Any, message: str) -> None:
    with pytest.raises(InvalidRoute) as caught:
        branch_of_document("r", document)
    assert message in caught.value.message
    assert caught.value.unit == "r"


@pytest.mark.parametrize(
    ("document", "branch"),
    [
        ({"data": {"ndarray": [[1]]}}, 1),
        ({"data": {"ndarray": [1.9]}}, 1),
        ({"data": {"ndarray": ["1"]}}, 0),
        ({"data": {"tensor": {"values": [-1]}}}, -1),
        ({"data": {"tftensor": {"intVal": [2]}}}, 2),
    ],
)
def test_number_is_read_from_a_protobuf(document: Any, branch: int) -> None:
    proto = json_format.ParseDict(document, message_class("seldon.protos.SeldonMessage")())
    assert branch_of_proto("r", proto) == branch


@pytest.mark.parametrize("document", [{}, {"strData": "1"}, {"data": {}}, {"data": {"ndarray": [[]]}}])
def test_protobuf_without_a_number_is_no_route(document: Any) -> None:
    proto = json_format.ParseDict(document, message_class("seldon.protos.SeldonMessage")())
    with pytest.raises(InvalidRoute):
        branch_of_proto("r", proto)


def test_not_a_number_is_no_route() -> None:
    proto = message_class("seldon.protos.SeldonMessage")()
    proto.data.tensor.values.append(math.nan)
    with pytest.raises(InvalidRoute, match="nan"):
        branch_of_proto("r", proto)


def test_number_is_read_from_a_decoded_message() -> None:
    assert branch_of_message("r", Message("ndarray", np.array([[1]]))) == 1
    assert branch_of_message("r", Message("tensor", np.array([-1.5]))) == -1


@pytest.mark.parametrize("message", [Message("strData", "1"), Message(), Message("ndarray", np.empty((0, 3)))])
def test_decoded_message_without_a_number_is_no_route(message: Message) -> None:
    with pytest.raises(InvalidRoute):
        branch_of_message("r", message)
