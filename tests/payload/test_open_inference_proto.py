"""Open Inference over protobuf: lists and raw contents, as the public gRPC client sends and reads them."""

from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.grpc import service_pb2

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.open_inference import (
    InferRequest,
    InferResponse,
    RequestedOutput,
    Tensor,
    document_of_request,
    proto_of_request,
    proto_of_response,
    request_of_document,
    request_of_proto,
    response_of_proto,
)
from servegraph.payload.open_inference.datatypes import DTYPES
from servegraph.payload.schema import message_class

Request = message_class("inference.ModelInferRequest")


def test_the_public_clients_request_is_read():
    array = triton.InferInput("x", [1, 2], "INT64")
    array.set_data_from_numpy(np.array([[2**53 + 1, -1]]))
    theirs = service_pb2.ModelInferRequest(model_name="m", id="7", inputs=[array._get_tensor()])
    theirs.raw_input_contents.append(array._get_content())
    theirs.outputs.add(name="y").parameters["n"].int64_param = 3
    request = request_of_proto(Request.FromString(theirs.SerializeToString()))
    assert (request.model_name, request.id) == ("m", "7")
    assert request.inputs[0].data.tolist() == [[2**53 + 1, -1]]
    assert request.outputs == [RequestedOutput("y", {"n": 3})]


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        ("BOOL", [True, False]),
        ("INT8", [-128, 127]),
        ("INT64", [2**53 + 1, -(2**63)]),
        ("UINT64", [2**64 - 1, 0]),
        ("FP16", [1.5, -2.0]),
        ("BF16", [1.5, -2.0]),
        ("FP32", [1.5, -2.0]),
        ("FP64", [0.1, -2.0]),
        ("BYTES", [b"\xff", b""]),
    ],
)
def test_the_public_client_reads_our_response(datatype: str, values: list[Any]):
    tensor = Tensor("y", datatype, np.array(values, dtype=DTYPES[datatype]))
    ours = proto_of_response(InferResponse("m", "1", "7", outputs=[tensor]), raw=True)
    result = triton.InferResult(service_pb2.ModelInferResponse.FromString(ours.SerializeToString()))
    assert result.as_numpy("y").tolist() == values
    assert (result.get_response().model_name, result.get_response().id) == ("m", "7")


def test_datatypes_without_a_list_make_all_tensors_raw():
    tensors = [Tensor("a", "FP16", np.array([1], "f2")), Tensor("b", "INT32", np.array([1], "i4"))]
    assert list(proto_of_request(InferRequest(inputs=tensors)).raw_input_contents) == [b"\x00\x3c", b"\x01\0\0\0"]


def test_parameters_survive():
    parameters = {"b": True, "i": -1, "u": 2**63, "f": 0.5, "s": "x"}
    request = InferRequest(parameters=parameters, inputs=[Tensor("x", "INT8", np.array([1], "i1"), {"n": 2})])
    back = request_of_proto(proto_of_request(request))
    assert back.parameters == parameters
    assert back.inputs[0].parameters == {"n": 2}


def test_parameters_that_only_json_has_are_written_as_json():
    request = InferRequest(parameters={"none": None, "list": [1, "a"], "map": {"a": None}, "huge": 2**70})
    assert request_of_proto(proto_of_request(request)).parameters == {
        "list": '[1,"a"]',
        "map": '{"a":null}',
        "huge": 2.0**70,
    }


def of(datatype: str, shape: list[int], raw: list[bytes] | None = None, **contents: Any) -> Any:
    proto = Request(raw_input_contents=raw)
    tensor = proto.inputs.add(name="x", datatype=datatype, shape=shape)
    if contents:
        tensor.contents.MergeFrom(type(tensor.contents)(**contents))
    return proto


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (of("FP64", [2], fp64_contents=[1]), "has 1 values; its shape [2] needs 2"),
        (of("FP64", [1], fp32_contents=[1]), "has 0 values"),
        (of("FP64", [2**31 - 1, 2**31 - 1], fp64_contents=[1]), "has 1 values"),
        (of("FP64", [2**62], fp64_contents=[1]), "none negative"),
        (of("FP64", [-1], fp64_contents=[1]), "none negative"),
        (of("INT8", [1], int_contents=[128]), "a number that is no int8"),
        (of("UINT16", [1], uint_contents=[65536]), "a number that is no uint16"),
        (of("FP16", [1], fp32_contents=[1]), "must be sent as raw contents"),
        (of("FP64", [1], [b"1234"]), "has 4 bytes"),
        (of("FP64", [1], [b"12345678", b""]), "raw contents are there for 2 of the 1 inputs"),
        (of("FP64", [1], [b"12345678"], fp64_contents=[1]), "both contents and raw contents"),
    ],
)
def test_a_tensor_that_is_none_is_refused(proto: Any, said: str):
    with pytest.raises(MalformedArray) as caught:
        request_of_proto(proto)
    assert said in str(caught.value)


def test_unknown_datatypes_and_equal_names_are_refused():
    with pytest.raises(InvalidPayload, match="has no known datatype"):
        request_of_proto(of("FLOAT", [1], fp32_contents=[1]))
    twice = of("FP32", [1], fp32_contents=[1])
    twice.inputs.add().CopyFrom(twice.inputs[0])
    with pytest.raises(InvalidPayload, match="two tensors named 'x'"):
        request_of_proto(twice)


def test_shared_memory_is_refused():
    proto = of("FP32", [1])
    proto.inputs[0].parameters["shared_memory_region"].string_param = "r"
    with pytest.raises(InvalidPayload, match="is in shared memory"):
        request_of_proto(proto)


shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
numeric = st.sampled_from([name for name in DTYPES if name not in ("BYTES", "BF16")])


@given(data=st.data(), datatype=numeric, shape=shapes, raw=st.booleans())
def test_numbers_survive_protobuf_and_json(data: st.DataObject, datatype: str, shape: tuple[int, ...], raw: bool):
    finite = {"allow_nan": False, "allow_infinity": False} if datatype.startswith("FP") else {}
    elements = arrays.from_dtype(DTYPES[datatype], **finite)
    array = data.draw(arrays.arrays(DTYPES[datatype], shape, elements=elements))
    request = InferRequest(inputs=[Tensor("x", datatype, array)])
    sent = Request.FromString(proto_of_request(request, raw=raw).SerializeToString())
    back = request_of_document(document_of_request(request_of_proto(sent))).inputs[0]
    assert (back.datatype, back.data.dtype, back.shape) == (datatype, array.dtype, shape)
    assert np.array_equal(back.data, array)


@given(values=st.lists(st.binary()), raw=st.booleans())
def test_bytes_survive_protobuf(values: list[bytes], raw: bool):
    response = InferResponse(outputs=[Tensor("y", "BYTES", np.array(values, dtype=object))])
    assert response_of_proto(proto_of_response(response, raw=raw)).outputs[0].data.tolist() == values
