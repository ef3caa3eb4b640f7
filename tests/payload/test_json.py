"""Every kind of message as JSON: what it decodes to, and the very bytes it is written as."""

from typing import Any

import numpy as np
import pytest

from servegraph.payload import Kind, Message, Meta
from servegraph.payload import wire_json as wire


def decoded(body: bytes) -> Message:
    return wire.decode(wire.parse(body))


def echoed(body: bytes) -> bytes:
    return wire.encode(decoded(body))


def test_tensor_becomes_an_array_in_its_shape():
    message = decoded(b'{"data": {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [0, 1, 2.5, 3]}}}')
    assert message.kind == "tensor"
    assert message.names == ["a", "b"]
    assert message.value.dtype == np.float64
    assert message.value.tolist() == [[0.0, 1.0], [2.5, 3.0]]
    assert message.is_array


@pytest.mark.parametrize(
    ("values", "dtype"),
    [(b"[1, 2]", "int64"), (b"[1.0, 2]", "float64"), (b"[true, false]", "bool"), (b'["a", "b"]', "<U1")],
)
def test_values_of_a_tensor_keep_their_type(values: bytes, dtype: str):
    assert decoded(b'{"data": {"tensor": {"shape": [1, 2], "values": ' + values + b"}}}").value.dtype == dtype


@pytest.mark.parametrize("shape", [b"[-1]", b"2", b"null", b"[2]"])
def test_a_shape_is_whatever_numpy_takes_for_one(shape: bytes):
    assert decoded(b'{"data": {"tensor": {"shape": ' + shape + b', "values": [1, 2]}}}').value.shape == (2,)


def test_ndarray_of_integers_stays_integer():
    message = decoded(b'{"data": {"ndarray": [[1, 2], [3, 4]]}}')
    assert message.kind == "ndarray"
    assert message.value.dtype == np.int64
    assert message.value.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (b'{"strData": "hello"}', "strData", "hello"),
        (b'{"strData": ""}', "strData", ""),
        (b'{"binData": "AAEC/w=="}', "binData", b"\x00\x01\x02\xff"),
        (b'{"jsonData": {"a": [1, 2.5, null, true]}}', "jsonData", {"a": [1, 2.5, None, True]}),
        (b'{"jsonData": [1, 2]}', "jsonData", [1, 2]),
        (b'{"jsonData": 5}', "jsonData", 5),
        (b'{"jsonData": null}', "jsonData", None),
    ],
)
def test_kinds_without_arrays_are_read_as_python_values(body: bytes, kind: Kind, value: object):
    message = decoded(body)
    assert (message.kind, message.value, message.is_array) == (kind, value, False)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b'{"data": {"names": ["a"], "tensor": {"shape": [2, 1], "values": [1, 2.5]}}}',
            b'{"data":{"names":["a"],"tensor":{"shape":[2,1],"values":[1.0,2.5]}},"meta":{}}\n',
        ),
        (b'{"data": {"ndarray": [[1, 2]]}}', b'{"data":{"names":[],"ndarray":[[1,2]]},"meta":{}}\n'),
        (b'{"data": {"ndarray": [[1, 2.5]]}}', b'{"data":{"names":[],"ndarray":[[1.0,2.5]]},"meta":{}}\n'),
        (b'{"data": {"ndarray": ["x", 1]}}', b'{"data":{"names":[],"ndarray":["x","1"]},"meta":{}}\n'),
        (b'{"data": {"ndarray": [[true, false]]}}', b'{"data":{"names":[],"ndarray":[[true,false]]},"meta":{}}\n'),
        (b'{"data": {"ndarray": ["x", null, 1]}}', b'{"data":{"names":[],"ndarray":["x",null,1]},"meta":{}}\n'),
        (b'{"data": {"ndarray": [1, null]}}', b'{"data":{"names":[],"ndarray":[1,null]},"meta":{}}\n'),
        (b'{"data": {"ndarray": [{"b": 1, "a": 2}]}}', b'{"data":{"names":[],"ndarray":[{"a":2,"b":1}]},"meta":{}}\n'),
        (b'{"data": {"ndarray": []}}', b'{"data":{"names":[],"ndarray":[]},"meta":{}}\n'),
        (b'{"data": {"ndarray": 5}}', b'{"data":{"names":[],"ndarray":5},"meta":{}}\n'),
        (b'{"data": {}}', b'{"data":{"names":[],"ndarray":[]},"meta":{}}\n'),
        (b'{"data": [[1]]}', b'{"data":{"names":[],"ndarray":[]},"meta":{}}\n'),
        (
            b'{"data": {"ndarray": [NaN, 1.0, -Infinity]}}',
            b'{"data":{"names":[],"ndarray":[NaN,1.0,-Infinity]},"meta":{}}\n',
        ),
        (b'{"strData": "h\\u00e9\x7f<b>"}', b'{"meta":{},"strData":"h\\u00e9\\u007f<b>"}\n'),
        (b'{"strData": "\\ud800"}', b'{"meta":{},"strData":"\\ud800"}\n'),
        (b'{"binData": "AAEC/w=="}', b'{"binData":"AAEC/w==","meta":{}}\n'),
        (b'{"binData": "AA!!EC"}', b'{"binData":"AAEC","meta":{}}\n'),
        (b'{"jsonData": {"b": 1, "a": 2.0}}', b'{"jsonData":{"a":2.0,"b":1},"meta":{}}\n'),
        (b'{"jsonData": null}', b'{"jsonData":null,"meta":{}}\n'),
        (
            b'{"data": {"tftensor": {"dtype": "DT_INT32", "intVal": [3, 4], "tensorShape": {"dim": [{"size": "2"}]}}}}',
            b'{"data":{"names":[],"tftensor":{"dtype":"DT_INT32","tensorContent":"AwAAAAQAAAA=",'
            b'"tensorShape":{"dim":[{"size":"2"}]}}},"meta":{}}\n',
        ),
    ],
)
def test_every_kind_is_written_as_the_component_server_writes_it(body: bytes, text: bytes):
    assert echoed(body) == text


def test_a_message_without_data_has_meta_alone():
    assert wire.encode(Message(meta=Meta(puid="p1"))) == b'{"meta":{"puid":"p1"}}\n'


@pytest.mark.parametrize("kind", ["tensor", "ndarray"])
def test_large_arrays_are_written_like_small_ones(kind: Kind):
    array = np.arange(600, dtype=np.float32).reshape(300, 2) + np.float32(0.1)
    small, large = Message(kind, array[:2], ["a", "b"]), Message(kind, array, ["a", "b"], Meta("p"))
    assert wire.encode(small).startswith(b'{"data":{"names":["a","b"],"')
    assert b"0.10000000149011612,1.100000023841858" in wire.encode(large)
    assert wire.parse(wire.encode(large)) == wire.document_of(large)
    array[299, 1] = np.nan
    assert wire.encode(large).count(b"NaN") == 1


def test_infinity_is_infinite_inside():
    assert decoded(b'{"data": {"ndarray": [-Infinity, Infinity]}}').value.tolist() == [-np.inf, np.inf]


def test_strings_that_say_nan_stay_strings():
    assert decoded(b'{"data": {"ndarray": ["NaN", "Infinity"]}}').value.tolist() == ["NaN", "Infinity"]


def test_whole_numbers_beyond_64_bits_become_floats():
    assert decoded(b'{"data": {"ndarray": [36893488147419103232]}}').value.tolist() == [36893488147419103232.0]


def test_the_first_kind_wins_in_seldons_order():
    everything = b'{"binData": "AA==", "strData": "s", "jsonData": 1, "data": {"ndarray": [7]}}'
    assert decoded(everything).value.tolist() == [7]
    assert decoded(b'{"binData": "AA==", "strData": "s", "jsonData": 1}').value == 1
    assert decoded(b'{"binData": "AA==", "strData": "s"}').value == "s"


def test_tensor_wins_over_ndarray():
    message = decoded(b'{"data": {"ndarray": [1], "tensor": {"shape": [1], "values": [2]}}}')
    assert (message.kind, message.value.tolist()) == ("tensor", [2.0])


def test_unknown_members_are_ignored_and_the_last_duplicate_counts():
    assert decoded(b'{"other": 1, "strData": "a", "strData": "b", "meta": {"x": 1}}').value == "b"


def test_names_are_what_was_sent():
    assert decoded(b'{"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}').names == ["a", "b"]
    assert decoded(b'{"data": {"names": null, "ndarray": [[1, 2]]}}').names == []


def test_meta_is_read_member_by_member():
    meta = decoded(
        b'{"strData": "a", "meta": {"puid": "p", "tags": {"t": [1, {"u": null}]}, "routing": {"ab": 1, "m": -1},'
        b' "requestPath": {"m": "image:1"}, "metrics": [{"key": "k", "type": "COUNTER", "value": 1}]}}'
    ).meta
    assert meta == Meta(
        puid="p",
        tags={"t": [1, {"u": None}]},
        routing={"ab": 1, "m": -1},
        request_path={"m": "image:1"},
        metrics=[{"key": "k", "type": "COUNTER", "value": 1}],
    )


@pytest.mark.parametrize("meta", [b"{}", b'{"puid": null, "tags": null, "routing": null, "metrics": null}'])
def test_empty_meta_is_all_defaults(meta: bytes):
    assert decoded(b'{"strData": "a", "meta": ' + meta + b"}").meta == Meta()


@pytest.mark.parametrize(
    ("body", "sent"),
    [(b'{"strData": "a", "meta": {"x": 1, "tags": {}}}', {"x": 1, "tags": {}}), (b'{"strData": "a"}', None)],
)
def test_meta_remembers_what_was_sent(body: bytes, sent: Any):
    assert decoded(body).meta.sent == sent


def test_routing_that_is_none_is_overlooked():
    assert decoded(b'{"strData": "a", "meta": {"routing": {"a": "1", "b": 2, "c": true}}}').meta.routing == {"b": 2}


def test_meta_is_written_without_its_empty_members():
    meta = Meta("p", {"t": True}, {"ab": -2}, {"m": "image:1"}, [{"key": "k", "type": "TIMER", "value": 2.5}])
    assert wire.document_of_meta(meta) == {
        "puid": "p",
        "tags": {"t": True},
        "routing": {"ab": -2},
        "requestPath": {"m": "image:1"},
        "metrics": [{"key": "k", "type": "TIMER", "value": 2.5}],
    }
    assert wire.document_of_meta(Meta()) == {}


def test_views_are_written_like_plain_arrays():
    transposed = np.array([[1, 2], [3, 4]]).T
    assert wire.encode(Message("ndarray", transposed)) == b'{"data":{"names":[],"ndarray":[[1,3],[2,4]]},"meta":{}}\n'
    assert wire.encode(Message("tensor", transposed)) == (
        b'{"data":{"names":[],"tensor":{"shape":[2,2],"values":[1,3,2,4]}},"meta":{}}\n'
    )


@pytest.mark.parametrize("value", [{"a": np.array([1])}, {"a": {1}}, {"a": b"x"}])
def test_what_json_does_not_have_is_refused_by_its_type(value: Any):
    kind = type(value["a"]).__name__
    with pytest.raises(TypeError, match=f"^Object of type {kind} is not JSON serializable$"):
        wire.encode(Message("jsonData", value))


def test_other_documents_keep_their_order_and_may_hold_numpy_values():
    assert (
        wire.dump({"b": np.float64(0.5), "a": np.array([1, 2]), 3: np.bool_(True)}) == b'{"b":0.5,"a":[1,2],"3":true}'
    )
