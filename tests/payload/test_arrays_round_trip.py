"""Any array of numbers comes back from both wires as it went in."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from servegraph.payload import Message, wire_json, wire_proto

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)

# JSON has no infinities: they are written as null, and so read back as NaN.
numbers = st.floats(allow_nan=True, allow_infinity=False)
matrices = arrays(np.float64, array_shapes(max_dims=4, max_side=4), elements=numbers)
empty_or_not = arrays(np.float64, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4), elements=numbers)
integers = arrays(np.int64, array_shapes(max_dims=3, max_side=4))


def through_json(message: Message) -> Message:
    return wire_json.decode(wire_json.parse(wire_json.encode(message)))


def through_protobuf(message: Message) -> Message:
    return wire_proto.decode(wire_proto.SeldonMessage.FromString(wire_proto.encode(message).SerializeToString()))


@QUICK
@given(matrices)
def test_ndarray_of_floats_comes_back_equal(array: NDArray[np.float64]):
    for back in (through_json(Message("ndarray", array)), through_protobuf(Message("ndarray", array))):
        assert back.kind == "ndarray"
        np.testing.assert_array_equal(back.value, array, strict=True)


@QUICK
@given(empty_or_not)
def test_tensor_comes_back_equal_even_without_values(array: NDArray[np.float64]):
    for back in (through_json(Message("tensor", array)), through_protobuf(Message("tensor", array))):
        assert back.kind == "tensor"
        np.testing.assert_array_equal(back.value, array, strict=True)


@QUICK
@given(integers)
def test_integers_come_back_as_integers_from_json(array: NDArray[np.int64]):
    np.testing.assert_array_equal(through_json(Message("ndarray", array)).value, array, strict=True)


@QUICK
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_strings_come_back_equal(texts: list[str]):
    message = Message("ndarray", np.array(texts))
    assert through_json(message).value.tolist() == texts
    assert through_protobuf(message).value.tolist() == texts
