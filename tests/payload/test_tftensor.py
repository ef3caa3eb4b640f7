"""TensorProto without TensorFlow: every type, there and back, and what is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.schema import message_class
from servegraph.payload.tftensor import array_of_document, document_of_array, from_array, to_array

TensorProto = message_class("tensorflow.TensorProto")


def tensor(dtype: int, sizes: list[int], **values: Any) -> Any:
    proto = TensorProto(dtype=dtype, **values)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


def test_several_numbers_are_written_as_bytes():
    assert document_of_array(np.array([[1.0, 2.0]])) == {
        "dtype": "DT_DOUBLE",
        "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]},
        "tensorContent": "AAAAAAAA8D8AAAAAAAAAQA==",
    }


def test_one_number_is_written_as_a_list():
    assert document_of_array(np.array([3], dtype=np.int64)) == {
        "dtype": "DT_INT64",
        "tensorShape": {"dim": [{"size": "1"}]},
        "int64Val": ["3"],
    }


def test_an_empty_array_is_written_without_elements():
    assert document_of_array(np.zeros((0,))) == {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{}]}}


def test_a_scalar_has_an_empty_shape():
    assert document_of_array(np.float64(2.5)) == {"dtype": "DT_DOUBLE", "tensorShape": {}, "doubleVal": [2.5]}
    assert array_of_document({"dtype": "DT_DOUBLE", "tensorShape": {}, "doubleVal": [2.5]}).shape == ()


@pytest.mark.parametrize(
    ("array", "field"),
    [
        (np.array([True, False]), "boolVal"),
        (np.array([1, 2], np.uint16), "intVal"),
        (np.array([1 + 2j]), "dcomplexVal"),
    ],
)
def test_types_that_tensorflow_lists_are_listed(array: Any, field: str):
    assert field in document_of_array(array)


@pytest.mark.parametrize(
    "document",
    [
        {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]}, "doubleVal": [1.5, 2]},
        {"dtype": 2, "tensor_shape": {"dim": [{"size": 1}, {"size": 2}]}, "double_val": [1.5, 2]},
        {
            "dtype": "DT_DOUBLE",
            "tensor_shape": {"dim": [{"size": 1}, {"size": 2}]},
            "tensor_content": "AAAAAAAA+D8AAAAAAAAAQA==",
        },
    ],
)
def test_both_spellings_and_forms_are_read(document: dict[str, Any]):
    array = array_of_document(document)
    assert array.dtype == np.float64
    assert array.tolist() == [[1.5, 2.0]]


def test_the_last_value_stands_for_missing_ones():
    assert to_array(tensor(3, [2, 2], int_val=[1, 7])).tolist() == [[1, 7], [7, 7]]
    assert to_array(tensor(7, [3], string_val=[b"a"])).tolist() == [b"a", b"a", b"a"]


def test_no_values_stand_for_zeros():
    assert to_array(tensor(1, [2])).tolist() == [0.0, 0.0]
    assert to_array(tensor(7, [2])).tolist() == [b"", b""]
    assert to_array(tensor(10, [2])).tolist() == [False, False]


def test_half_is_read_by_its_bits():
    array = to_array(tensor(19, [2], half_val=[0x3C00, 0xC000]))
    assert array.dtype == np.float16
    assert array.tolist() == [1.0, -2.0]


def test_an_array_may_be_written_to():
    array = to_array(from_array(np.array([1.0, 2.0])))
    array[0] = 5.0
    assert array.tolist() == [5.0, 2.0]


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (tensor(1, [2], tensor_content=b"1234"), "has 4 bytes; its shape and dtype need 8"),
        (tensor(1, [1], float_val=[1, 2]), "does not hold the 2 values sent"),
        (tensor(1, [-1], float_val=[1]), "none negative"),
        (tensor(1, [2**31], float_val=[1]), "none negative"),
        (tensor(1, [2**31 - 1, 2**31 - 1], float_val=[1]), "needs 4611686014132420609 values, and 1 are sent"),
        (tensor(1, [2**31 - 1, 2**31 - 1, 2**31 - 1], tensor_content=b"1"), "has 1 bytes"),
        (tensor(1, [2**31 - 1, 0]), "size of 0 and over"),
        (tensor(1, [1] * 33, float_val=[1]), "33 dimensions; 32 are possible"),
        (tensor(6, [1], int_val=[300]), "has a number that is no int8"),
        (tensor(19, [1], half_val=[-1]), "has a number that is no uint16"),
        (tensor(14, [1], half_val=[1]), "DT_BFLOAT16 has no array"),
        (tensor(0, [1]), "DT_INVALID has no array"),
        (tensor(777, [1]), "777 has no array"),
    ],
)
def test_what_is_no_array_is_refused(proto: Any, said: str):
    with pytest.raises(MalformedArray, match=said):
        to_array(proto)


def test_an_unknown_member_is_refused_in_protobufs_words():
    with pytest.raises(MalformedArray) as caught:
        array_of_document({"foo": 1})
    assert str(caught.value.__cause__) == (
        'Message type "tensorflow.TensorProto" has no field named "foo" at "TensorProto".\n'
        " Available Fields(except extensions): \"['dtype', 'tensorShape', 'versionNumber', 'tensorContent', 'halfVal', "
        "'floatVal', 'doubleVal', 'intVal', 'stringVal', 'scomplexVal', 'int64Val', 'boolVal', 'dcomplexVal', "
        "'resourceHandleVal', 'variantVal', 'uint32Val', 'uint64Val', 'float8Val']\""
    )


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {"dtype": {}},
        {"dtype": "DT_NONE"},
        {"dtype": 1, "tensorShape": 5},
        {"dtype": 1, "tensorShape": {"dim": 3}},
        {"dtype": 1, "tensorShape": {"dim": [3]}},
        {"dtype": 1, "tensorShape": {"dim": [{"size": "x"}]}},
        {"dtype": 1, "tensorShape": {"dim": [{"size": 10**30}]}},
        {"dtype": 1, "floatVal": "x"},
        {"dtype": 1, "floatVal": [[1]]},
        {"dtype": 1, "floatVal": [1e300]},
        {"dtype": 1, "tensorContent": "a"},
        {"dtype": 1, "tensorContent": 5},
    ],
)
def test_json_that_is_no_tensor_is_refused(document: Any):
    with pytest.raises(MalformedArray):
        array_of_document(document)


@pytest.mark.parametrize(
    "array", [np.array([{}], dtype=object), np.array(["2020"], "M8[D]"), np.ones(1, np.longdouble)]
)
def test_an_array_without_a_tensorflow_type_is_refused(array: Any):
    with pytest.raises(InvalidPayload, match="has no tftensor"):
        from_array(array)


dtypes = st.sampled_from(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "c8", "c16"])
shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@given(array=dtypes.flatmap(lambda dtype: arrays.arrays(dtype, shapes)))
def test_numbers_survive_protobuf_and_json(array: Any):
    for back in (
        to_array(TensorProto.FromString(from_array(array).SerializeToString())),
        array_of_document(document_of_array(array)),
    ):
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert np.array_equal(back, array, equal_nan=array.dtype.kind in "fc")


@given(values=st.lists(st.binary()))
def test_strings_survive_protobuf_and_json(values: list[bytes]):
    array = np.array([*values, None], dtype=object)[:-1]
    assert to_array(TensorProto.FromString(from_array(array).SerializeToString())).tolist() == values
    assert array_of_document(document_of_array(array)).tolist() == values


def test_big_endian_numbers_survive():
    assert to_array(from_array(np.array([1, 2], dtype=">i4"))).tolist() == [1, 2]
