"""Every kind of message as protobuf bytes, there and back."""

import subprocess
import sys

import numpy as np
import pytest
from google.protobuf import any_pb2

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import Kind, Message, Meta
from servegraph.payload import wire_proto as wire
from servegraph.payload.schema import message_class

SeldonMessage = message_class("seldon.protos.SeldonMessage")


def round_trip(message: Message) -> Message:
    return wire.decode(SeldonMessage.FromString(wire.encode(message).SerializeToString()))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("strData", "hé"),
        ("strData", ""),
        ("binData", b"\x00\xff"),
        ("binData", b""),
        ("jsonData", None),
        ("jsonData", True),
        ("jsonData", 1.5),
        ("jsonData", "x"),
        ("jsonData", [1.0, [None, "a"], {"b": False}]),
        ("jsonData", {}),
        ("jsonData", []),
        ("jsonData", {"a": {"b": [{}]}}),
    ],
)
def test_kinds_without_arrays_survive(kind: Kind, value: object):
    message = round_trip(Message(kind, value))
    assert (message.kind, message.value, message.names) == (kind, value, [])


def test_tensor_survives_with_names_and_shape():
    message = round_trip(Message("tensor", np.array([[1.5, 2.0], [3.0, 4.0]]), ["a", "b"]))
    assert (message.kind, message.names) == ("tensor", ["a", "b"])
    assert message.value.dtype == np.float64
    assert message.value.tolist() == [[1.5, 2.0], [3.0, 4.0]]


def test_ndarray_survives_and_its_integers_become_doubles():
    message = round_trip(Message("ndarray", np.array([[1, 2]]), ["a", "b"]))
    assert (message.kind, message.names) == ("ndarray", ["a", "b"])
    assert message.value.dtype == np.float64
    assert message.value.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("nested", [["x", "y"], [[True, False]], [["x", None], [1.5, {"a": "b"}]], []])
def test_ndarray_of_anything_survives(nested: list[object]):
    message = round_trip(Message("ndarray", np.array(nested, dtype=object)))
    assert message.value.tolist() == nested


@pytest.mark.parametrize("kind", ["tensor", "ndarray"])
def test_nan_and_infinity_survive(kind: Kind):
    message = round_trip(Message(kind, np.array([[np.nan, np.inf, -np.inf, 0.0]])))
    np.testing.assert_array_equal(message.value, np.array([[np.nan, np.inf, -np.inf, 0.0]]))


def test_null_in_an_ndarray_is_kept():
    proto = SeldonMessage()
    proto.data.ndarray.extend([1.0, None])
    assert wire.decode(proto).value.tolist() == [1.0, None]


def test_numbers_beside_strings_become_strings_as_floats():
    proto = SeldonMessage()
    proto.data.ndarray.extend([["a", 1]])
    assert wire.decode(proto).value.tolist() == [["a", "1.0"]]


@pytest.mark.parametrize("kind", ["tensor", "ndarray"])
@pytest.mark.parametrize("shape", [(1, 1), (3,), (300,), (2, 30), (7, 200), (2, 2, 2)])
def test_arrays_of_every_width_survive_and_may_be_changed(kind: Kind, shape: tuple[int, ...]):
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    value = round_trip(Message(kind, array)).value
    value += 1.0
    assert value.tolist() == (array + 1.0).tolist()


def test_the_fast_way_writes_what_the_slow_way_would():
    quick, slow = SeldonMessage(), SeldonMessage()
    rows = [[0.0, -1.5], [2.0, 1e300]]
    quick = wire.encode(Message("ndarray", np.array(rows)))
    slow.meta.SetInParent()
    slow.data.ndarray.extend(rows)
    assert quick == slow


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [3.0]], [[1.0], [2.0, 3.0]]])
def test_rows_of_different_lengths_are_not_read_as_one_table(rows: list[list[float]]):
    proto = SeldonMessage()
    proto.data.ndarray.extend(rows)
    with pytest.raises(MalformedArray):
        wire.decode(proto)


def test_a_table_with_another_element_is_read_element_by_element():
    proto = SeldonMessage()
    proto.data.ndarray.extend([[1.0, 2.0], [3.0, True]])
    assert wire.decode(proto).value.tolist() == [[1.0, 2.0], [3.0, 1.0]]


def test_meta_survives():
    meta = Meta(
        puid="p",
        tags={"text": "x", "flag": True, "none": None, "list": [1.0, "a"], "nested": {"b": [2.0]}},
        routing={"ab": 1, "m": -1},
        request_path={"m": "image:1"},
        metrics=[
            {"key": "k", "type": "GAUGE", "value": 2.5, "tags": {"x": "y"}},
            {"key": "l", "type": "COUNTER", "value": 1.0},
        ],
    )
    assert round_trip(Message("strData", "a", meta=meta)).meta == meta


def test_components_see_metrics_as_protobuf_prints_them_and_they_survive():
    proto = SeldonMessage(strData="a", meta={"puid": "p", "metrics": [{"key": "k"}, {"value": 2.0}]})
    message = wire.decode(proto)
    assert message.meta.sent == {"puid": "p", "metrics": [{"key": "k"}, {"value": 2.0}]}
    assert message.meta.metrics == [{"type": "COUNTER", "key": "k"}, {"type": "COUNTER", "value": 2.0}]
    assert wire.encode(message) == proto


def test_complex_numbers_are_no_tensor():
    with pytest.raises(TypeError, match=r"^must be real number, not complex$"):
        wire.encode(Message("tensor", np.array([1j])))


def test_meta_is_always_set_even_when_empty():
    proto = wire.encode(Message("strData", "a"))
    assert proto.HasField("meta")
    assert wire.decode(proto).meta == Meta()


def test_integers_beyond_doubles_become_infinite():
    assert round_trip(Message("jsonData", [10**400, -(10**400)])).value == [np.inf, -np.inf]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {1}}, "Value {1} has unexpected type <class 'set'> at Value.a"),
        ({"a": np.array([1])}, "Value [1] has unexpected type <class 'numpy.ndarray'> at Value.a"),
        ({"a": (1, 2)}, "Value (1, 2) has unexpected type <class 'tuple'> at Value.a"),
    ],
)
def test_a_value_without_protobuf_form_is_refused_where_it_stands(value: object, text: str):
    with pytest.raises(TypeError) as caught:
        wire.encode(Message("jsonData", value))
    assert str(caught.value) == text


def test_an_array_without_protobuf_form_is_refused():
    with pytest.raises(ValueError, match="^Unexpected type$"):
        wire.encode(Message("ndarray", np.array([b"x"])))
    with pytest.raises(TypeError, match="^iteration over a 0-d array$"):
        wire.encode(Message("ndarray", np.array(3.5)))


def test_a_message_without_data_is_refused():
    with pytest.raises(InvalidPayload, match="^the message has none of data, jsonData, strData, binData, customData$"):
        wire.decode(SeldonMessage())


def test_custom_data_survives_as_any():
    message = round_trip(Message("customData", any_pb2.Any(type_url="x/y", value=b"z")))
    assert message.kind == "customData"
    assert message.value == any_pb2.Any(type_url="x/y", value=b"z")


def test_tftensor_survives():
    message = round_trip(Message("tftensor", np.array([[1, 2]], dtype=np.int32), ["a", "b"]))
    assert (message.kind, message.names, message.value.dtype) == ("tftensor", ["a", "b"], np.int32)
    assert message.value.tolist() == [[1, 2]]


def test_data_without_array_is_an_empty_one():
    proto = SeldonMessage()
    proto.data.names.append("a")
    message = wire.decode(proto)
    assert (message.kind, message.names, message.value.tolist()) == ("ndarray", ["a"], [])


def test_of_a_tensor_the_last_values_count():
    proto = SeldonMessage()
    proto.data.tensor.shape.extend([1, 2])
    proto.data.tensor.values.extend([1, 2, 3])
    assert wire.decode(proto).value.tolist() == [[2.0, 3.0]]


def test_tensor_that_does_not_fill_its_shape_is_refused():
    proto = SeldonMessage()
    proto.data.tensor.shape.extend([2, 2])
    proto.data.tensor.values.extend([1, 2, 3])
    with pytest.raises(
        MalformedArray, match=r"^data\.tensor\.shape \[2, 2\] does not hold the 3 values sent$"
    ) as caught:
        wire.decode(proto)
    assert str(caught.value.__cause__) == "buffer is smaller than requested size"


@pytest.mark.parametrize("shape", [[2**31 - 1, 2**31 - 1], [0, 2**31 - 1], [1] * 40, []])
def test_shapes_that_cost_more_than_was_sent_are_refused(shape: list[int]):
    proto = SeldonMessage()
    proto.data.tensor.shape.extend(shape)
    proto.data.tensor.values.extend([1.0, 2.0])
    with pytest.raises(MalformedArray):
        wire.decode(proto)


def test_tensor_of_negative_shape_is_refused():
    proto = SeldonMessage()
    proto.data.tensor.shape.append(-1)
    with pytest.raises(InvalidPayload, match=r"^data\.tensor\.shape must be a list of whole numbers, none negative$"):
        wire.decode(proto)


def test_ragged_ndarray_is_refused():
    proto = SeldonMessage()
    proto.data.ndarray.extend([[1.0, 2.0], [3.0]])
    with pytest.raises(InvalidPayload, match=r"^data\.ndarray has rows of different lengths$"):
        wire.decode(proto)


def test_seldons_own_package_imports_beside_ours_and_reads_our_bytes():
    script = """
import numpy as np
from servegraph.payload import Message, Meta, wire_proto
ours = wire_proto.encode(Message("tensor", np.array([[1.5, 2.0]]), ["a", "b"], Meta("p", {"t": 1}, {"ab": 1})))
from seldon_core.proto import prediction_pb2
theirs = prediction_pb2.SeldonMessage.FromString(ours.SerializeToString())
assert list(theirs.data.tensor.shape) == [1, 2] and list(theirs.data.tensor.values) == [1.5, 2.0]
assert list(theirs.data.names) == ["a", "b"] and theirs.meta.puid == "p" and theirs.meta.routing["ab"] == 1
assert theirs.meta.tags["t"].number_value == 1.0
back = wire_proto.decode(wire_proto.SeldonMessage.FromString(theirs.SerializeToString()))
print(back.kind, back.names, back.value.tolist(), back.meta.routing)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("tensor ['a', 'b'] [[1.5, 2.0]] {'ab': 1}\n", 0), done.stderr
