"""Raw tensors: behind the JSON, as the public HTTP client sends and reads them."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.utils import serialize_bf16_tensor

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.envelope import Text
from servegraph.payload.open_inference import (
    InferRequest,
    InferResponse,
    RequestedOutput,
    Tensor,
    document_of_response,
    joined,
    request_of_document,
    split,
)
from servegraph.payload.open_inference.datatypes import DTYPES
from servegraph.payload.open_inference.raw import of_raw, to_raw


def test_the_public_clients_request_is_read():
    inputs = [triton.InferInput("x", [1, 2], "FP32"), triton.InferInput("s", [2], "BYTES")]
    inputs[0].set_data_from_numpy(np.array([[1.5, 2.5]], dtype=np.float32), binary_data=True)
    inputs[1].set_data_from_numpy(np.array([b"\xff", b""], dtype=object), binary_data=True)
    body, length = triton.InferenceServerClient.generate_request_body(inputs, request_id="7")
    request = request_of_document(split(Text(body, header_length=length)))
    assert request.id == "7"
    assert request.parameters == {"binary_data_output": True}
    assert request.inputs[0].data.tolist() == [[1.5, 2.5]]
    assert request.inputs[1].data.tolist() == [b"\xff", b""]


def test_the_public_client_reads_our_response():
    outputs = [
        Tensor("y", "FP16", np.array([[1.5], [2.5]], dtype=np.float16)),
        Tensor("s", "BYTES", np.array([b"a", b"\xff"], dtype=object)),
        Tensor("b", "BOOL", np.array([True])),
    ]
    wanted = InferRequest(
        parameters={"binary_data_output": True},
        outputs=[RequestedOutput("y"), RequestedOutput("b", {"binary_data": False}), RequestedOutput("s")],
    )
    text = joined(document_of_response(InferResponse(outputs=outputs), wanted))
    assert text.content_type == "application/octet-stream"
    result = triton.InferResult.from_response_body(text.body, header_length=text.header_length)
    assert result.as_numpy("y").tolist() == [[1.5], [2.5]]
    assert result.as_numpy("s").tolist() == [b"a", b"\xff"]
    assert result.as_numpy("b").tolist() == [True]
    assert result.get_output("b")["data"] == [True]


def test_a_body_with_raw_tensors_survives():
    head = b'{"inputs":[{"name":"x","shape":[1],"datatype":"INT16","parameters":{"binary_data_size":2}}]}'
    text = Text(head + b"\x01\x02", "application/octet-stream", header_length=len(head))
    document = split(text)
    assert document["inputs"][0]["data"] == b"\x01\x02"
    again = joined(document)
    assert again.body[again.header_length :] == b"\x01\x02"
    assert split(again) == document


@pytest.mark.parametrize(
    ("head", "tail", "length", "said"),
    [
        (b'{"inputs":[]}', b"x", None, "1 bytes follow the JSON, and binary_data_size announces 0"),
        (b'{"inputs":[{"parameters":{"binary_data_size":2}}]}', b"x", None, "announces more"),
        (b'{"inputs":[{"parameters":{"binary_data_size":1}}]}', b"xy", None, "announces 1"),
        (b'{"inputs":[{"parameters":{"binary_data_size":-1}}]}', b"", None, "must be a number of bytes"),
        (b'{"inputs":[{"parameters":{"binary_data_size":1.0}}]}', b"x", None, "must be a number of bytes"),
        (b'{"inputs":[{"parameters":{"binary_data_size":true}}]}', b"x", None, "must be a number of bytes"),
        (b'{"inputs":[{"data":[1],"parameters":{"binary_data_size":1}}]}', b"x", None, "without data"),
        (b"{}", b"", 3, "Inference-Header-Content-Length is 3 for a body of 2 bytes"),
        (b"{}", b"", -1, "Inference-Header-Content-Length is -1"),
        (b"{}", b"", 1, "is not JSON"),
    ],
)
def test_lengths_that_disagree_are_refused(head: bytes, tail: bytes, length: int | None, said: str):
    with pytest.raises(InvalidPayload) as caught:
        split(Text(head + tail, header_length=len(head) if length is None else length))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("datatype", "shape", "raw", "said"),
    [
        ("FP32", (2,), b"1234", "has 4 bytes; its shape and datatype need 8"),
        ("FP64", (2**31 - 1, 2**31 - 1), b"12345678", "has 8 bytes"),
        ("BF16", (1,), b"1234", "need 2"),
        ("BYTES", (1,), b"", "has 0 values; its shape [1] needs 1"),
        ("BYTES", (1,), b"\x01", "does not hold 1 elements"),
        ("BYTES", (1,), b"\x02\x00\x00\x00a", "does not hold 1 elements"),
        ("BYTES", (1,), b"\xff\xff\xff\xffa", "does not hold 1 elements"),
        ("BYTES", (1,), b"\x00" * 8, "does not hold 1 elements"),
        ("BYTES", (3,), b"\x00" * 8, "has 2 values; its shape [3] needs 3"),
    ],
)
def test_raw_bytes_that_do_not_fill_the_shape_are_refused(datatype: str, shape: Any, raw: bytes, said: str):
    with pytest.raises(MalformedArray) as caught:
        of_raw(datatype, shape, raw, "x")
    assert said in str(caught.value)


def test_a_bool_is_any_byte_but_zero():
    assert of_raw("BOOL", (3,), b"\x00\x01\x02", "x").tolist() == [False, True, True]


def test_bf16_is_the_upper_half_of_a_float32():
    values = np.array([1.0, -2.5, 3.140625, np.inf], dtype=np.float32)
    raw = to_raw("BF16", values)
    assert raw == bytes(serialize_bf16_tensor(values).item())
    assert of_raw("BF16", (4,), raw, "x").tolist() == [1.0, -2.5, 3.140625, np.inf]


def test_bf16_is_rounded_to_the_nearest():
    assert to_raw("BF16", np.array([1.0 + 2**-8, 1.0 + 3 * 2**-8], dtype=np.float32)) == b"\x80\x3f\x82\x3f"
    assert np.isnan(of_raw("BF16", (1,), to_raw("BF16", np.array([0x7F800001], "u4").view("f4")), "x")).all()


shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
numeric = st.sampled_from([name for name in DTYPES if name not in ("BYTES", "BF16")])


@given(data=st.data(), datatype=numeric, shape=shapes)
def test_numbers_survive_as_raw_bytes(data: st.DataObject, datatype: str, shape: tuple[int, ...]):
    array = data.draw(arrays.arrays(DTYPES[datatype], shape))
    back = of_raw(datatype, shape, to_raw(datatype, array), "x")
    assert back.dtype == array.dtype
    assert np.array_equal(back, array, equal_nan=datatype.startswith("FP"))
    assert back.flags.writeable


@given(values=st.lists(st.binary()))
def test_bytes_survive_as_raw_bytes(values: list[bytes]):
    raw = to_raw("BYTES", np.array(values, dtype=object))
    assert of_raw("BYTES", (len(values),), raw, "x").tolist() == values


def test_the_bytes_of_a_tensor_are_copied_once():
    head = b'{"inputs":[{"parameters":{"binary_data_size":4000000}}]}'
    body = Text(head + bytes(4_000_000), header_length=len(head))
    tracemalloc.start()
    split(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_500_000
