"""Open Inference over JSON: every datatype, and what is refused."""

from typing import Any

import numpy as np
import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.envelope import Text
from servegraph.payload.open_inference import (
    InferRequest,
    InferResponse,
    RequestedOutput,
    Tensor,
    document_of_request,
    document_of_response,
    joined,
    request_of_document,
    response_of_document,
    split,
)


def read(datatype: str, shape: Any, data: Any) -> Tensor:
    tensor = {"name": "x", "datatype": datatype, "shape": shape, "data": data}
    return request_of_document({"inputs": [tensor]}).inputs[0]


@pytest.mark.parametrize(
    ("datatype", "data", "dtype", "values"),
    [
        ("BOOL", [True, False], "bool", [True, False]),
        ("BOOL", [1, 0], "bool", [True, False]),
        ("UINT8", [0, 255], "uint8", [0, 255]),
        ("UINT16", [0, 65535], "uint16", [0, 65535]),
        ("UINT32", [0, 2**32 - 1], "uint32", [0, 2**32 - 1]),
        ("UINT64", [0, 2**64 - 1], "uint64", [0, 2**64 - 1]),
        ("INT8", [-128, 127], "int8", [-128, 127]),
        ("INT16", [-(2**15), 2**15 - 1], "int16", [-(2**15), 2**15 - 1]),
        ("INT32", [-(2**31), 2**31 - 1], "int32", [-(2**31), 2**31 - 1]),
        ("INT64", [-(2**63), 2**63 - 1], "int64", [-(2**63), 2**63 - 1]),
        ("INT64", [9007199254740993, 1.0], "int64", [9007199254740993, 1]),
        ("FP16", [1, -0.5], "float16", [1.0, -0.5]),
        ("BF16", [1, -0.5], "float32", [1.0, -0.5]),
        ("FP32", [1, 0.5], "float32", [1.0, 0.5]),
        ("FP64", [1, 0.1], "float64", [1.0, 0.1]),
        ("BYTES", ["a", "hé"], "object", [b"a", b"h\xc3\xa9"]),
    ],
)
def test_each_datatype_is_its_numpy_type(datatype: str, data: Any, dtype: str, values: Any):
    tensor = read(datatype, [2], data)
    assert tensor.data.dtype == dtype
    assert tensor.data.tolist() == values


def test_data_may_be_flat_or_nested():
    assert read("INT32", [2, 2], [1, 2, 3, 4]).data.tolist() == [[1, 2], [3, 4]]
    assert read("INT32", [2, 2], [[1, 2], [3, 4]]).data.tolist() == [[1, 2], [3, 4]]
    assert read("BYTES", [2, 1], [["a"], ["b"]]).data.tolist() == [[b"a"], [b"b"]]
    assert read("FP32", [0, 3], []).data.shape == (0, 3)
    assert read("FP32", [], [1.5]).data.shape == ()


def test_null_is_not_a_number():
    assert np.isnan(read("FP32", [2], [None, 1.0]).data).tolist() == [True, False]


def test_nan_and_infinity_are_read():
    body = b'{"inputs": [{"name": "x", "shape": [2], "datatype": "FP64", "data": [NaN, -Infinity]}]}'
    values = request_of_document(split(Text(body))).inputs[0].data
    assert np.isnan(values[0])
    assert values[1] == -np.inf


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "said"),
    [
        ("FP64", [2], [1.0], "has 1 values; its shape [2] needs 2"),
        ("FP64", [2**31 - 1, 2**31 - 1], [1.0], "has 1 values"),
        ("FP64", [2**31], [1.0], "none negative"),
        ("FP64", [-1], [1.0], "none negative"),
        ("FP64", [1.0], [1.0], "none negative"),
        ("FP64", [True], [1.0], "none negative"),
        ("FP64", None, [1.0], "none negative"),
        ("FP64", "1", [1.0], "none negative"),
        ("FP64", [1] * 33, [1.0], "33 dimensions"),
        ("FP64", [2**31 - 1, 0], [], "size of 0 and over"),
        ("FP64", [1], ["1"], "must be a list of FP64 values"),
        ("FP64", [1], [True], "must be a list of FP64 values"),
        ("FP64", [1], [{}], "must be a list of FP64 values"),
        ("FP64", [1], 1.0, "data must be a list"),
        ("FP64", [1], "x", "data must be a list"),
        ("FP64", [3], [[1, 2], [3]], "rows of different lengths"),
        ("FP64", [2], [[1], 2], "rows of different lengths"),
        ("FP64", [1], [10**400], "a number that is no FP64"),
        ("FP32", [1], [1e300], "a number that is no float32"),
        ("FP16", [1], [70000], "a number that is no float16"),
        ("INT8", [1], [128], "a number that is no INT8"),
        ("UINT8", [1], [-1], "a number that is no UINT8"),
        ("UINT64", [1], [2**64], "a number that is no UINT64"),
        ("INT64", [1], [1.5], "a number that is no INT64"),
        ("INT64", [1], [float("inf")], "a number that is no INT64"),
        ("INT64", [1], [True], "must be a list of INT64 values"),
        ("INT64", [1], [None], "must be a list of INT64 values"),
        ("BOOL", [1], [2], "must be a list of BOOL values"),
        ("BYTES", [1], [1], "must be a list of strings"),
        ("BYTES", [1], ["\ud800"], "text that is not Unicode"),
    ],
)
def test_a_tensor_that_is_none_is_refused(datatype: str, shape: Any, data: Any, said: str):
    with pytest.raises(MalformedArray) as caught:
        read(datatype, shape, data)
    assert said in str(caught.value)


def test_endless_nesting_is_refused():
    data: Any = 1.0
    for _ in range(900):
        data = [data]
    with pytest.raises(MalformedArray, match="nested over 32 deep"):
        read("FP64", [1], data)


X = {"name": "x", "datatype": "FP64", "shape": [1], "data": [1.0]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "must be a JSON object"),
        ({}, "inputs must be a list of tensors"),
        ({"inputs": {}}, "inputs must be a list of tensors"),
        ({"inputs": [1]}, "inputs must be a list of tensors"),
        ({"inputs": [{**X, "name": 1}]}, "inputs[0] has no name"),
        ({"inputs": [{**X, "datatype": "FLOAT"}]}, "inputs[0] has no known datatype"),
        ({"inputs": [{**X, "datatype": ["FP64"]}]}, "inputs[0] has no known datatype"),
        ({"inputs": [{**X, "parameters": []}]}, "parameters of inputs[0] must be an object"),
        ({"inputs": [X, X]}, "inputs has two tensors named 'x'"),
        ({"inputs": [X], "outputs": [{"name": "y"}, {"name": "y"}]}, "outputs has two tensors named 'y'"),
        ({"inputs": [X], "outputs": [{}]}, "outputs[0] has no name"),
        ({"inputs": [X], "id": 5}, "id must be a string"),
        ({"inputs": [X], "parameters": 5}, "parameters of the body must be an object"),
        ({"inputs": [{**X, "parameters": {"shared_memory_region": "r"}}]}, "is in shared memory"),
        ({"inputs": [X], "outputs": [{"name": "y", "parameters": {"classification": 3}}]}, "asks for classification"),
        ({"inputs": [{"name": "x", "datatype": "FP64", "shape": [1]}]}, "inputs[0] has no data"),
    ],
)
def test_a_request_that_is_none_is_refused(document: Any, said: str):
    with pytest.raises(InvalidPayload) as caught:
        request_of_document(document)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"1", b"null", b'{"a": NaN', b'{"a": "\\ud800", "b": NaN}', b"\xff"]
)
def test_a_body_that_is_no_object_is_refused(body: bytes):
    with pytest.raises(InvalidPayload):
        split(Text(body))


def test_a_request_survives():
    document = {
        "id": "7",
        "parameters": {"content_type": "np"},
        "inputs": [{"name": "x", "datatype": "INT64", "shape": [1, 2], "parameters": {"a": 1}, "data": [2**53 + 1, 2]}],
        "outputs": [{"name": "y", "parameters": {"binary_data": False}}, {"name": "z"}],
    }
    assert document_of_request(request_of_document(document)) == document


def test_a_response_survives_and_null_members_are_absent():
    document = {
        "model_name": "m",
        "model_version": None,
        "id": "7",
        "parameters": None,
        "outputs": [{"name": "y", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]}],
    }
    assert document_of_response(response_of_document(document)) == {
        "model_name": "m",
        "id": "7",
        "outputs": [{"name": "y", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]}],
    }


def test_what_is_not_a_number_is_written_as_null():
    response = InferResponse(outputs=[Tensor("y", "FP64", np.array([np.nan, np.inf, 1.5]))])
    assert joined(document_of_response(response)).body == (
        b'{"outputs":[{"name":"y","datatype":"FP64","shape":[3],"data":[null,null,1.5]}]}'
    )


def test_only_the_outputs_that_are_wanted_are_written():
    response = InferResponse(
        outputs=[Tensor("y", "INT8", np.array([1], "i1")), Tensor("z", "INT8", np.array([2], "i1"))]
    )
    document = document_of_response(response, InferRequest(outputs=[RequestedOutput("z")]))
    assert [output["name"] for output in document["outputs"]] == ["z"]
    with pytest.raises(InvalidPayload, match="there is no output 'q'; there is 'y', 'z'"):
        document_of_response(response, InferRequest(outputs=[RequestedOutput("q")]))


def test_bytes_that_are_no_text_need_binary_data():
    response = InferResponse(outputs=[Tensor("y", "BYTES", np.array([b"\xff"], dtype=object))])
    with pytest.raises(InvalidPayload, match="y is not text"):
        document_of_response(response)
