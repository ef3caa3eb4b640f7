"""Every kind of message as JSON: what it decodes to, and the very bytes it is written as."""

import numpy as np
import pytest

from servegraph.payload import Kind, Message, Meta
from servegraph.payload import wire_json as wire


def decoded(body: bytes) -> Message:
    return wire.decode(wire.parse(body))


def echoed(body: bytes) -> bytes:
    return wire.encode(decoded(body))


def test_tensor_becomes_a_float_array_in_its_shape():
    message = decoded(b'{"data": {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [0, 1, 2, 3]}}}')
    assert message.kind == "tensor"
    assert message.names == ["a", "b"]
    assert message.value.dtype == np.float64
    assert message.value.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert message.is_array


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
            b'{"meta":{},"data":{"names":["a"],"tensor":{"shape":[2,1],"values":[1.0,2.5]}}}',
        ),
        (b'{"data": {"ndarray": [[1, 2]]}}', b'{"meta":{},"data":{"names":[],"ndarray":[[1,2]]}}'),
        (b'{"data": {"ndarray": [[1, 2.5]]}}', b'{"meta":{},"data":{"names":[],"ndarray":[[1.0,2.5]]}}'),
        (b'{"data": {"ndarray": ["x", "y"]}}', b'{"meta":{},"data":{"names":[],"ndarray":["x","y"]}}'),
        (b'{"data": {"ndarray": [[true, false]]}}', b'{"meta":{},"data":{"names":[],"ndarray":[[true,false]]}}'),
        (b'{"data": {"ndarray": [["x", null]]}}', b'{"meta":{},"data":{"names":[],"ndarray":[["x",null]]}}'),
        (b'{"data": {"ndarray": []}}', b'{"meta":{},"data":{"names":[],"ndarray":[]}}'),
        (b'{"strData": "h\\u00e9"}', '{"meta":{},"strData":"hé"}'.encode()),
        (b'{"binData": "AAEC/w=="}', b'{"meta":{},"binData":"AAEC/w=="}'),
        (b'{"jsonData": {"b": 1, "a": 2.0}}', b'{"meta":{},"jsonData":{"b":1,"a":2.0}}'),
        (b'{"jsonData": null}', b'{"meta":{},"jsonData":null}'),
    ],
)
def test_every_kind_is_written_as_it_was_read(body: bytes, text: bytes):
    assert echoed(body) == text


def test_a_message_without_data_has_meta_alone():
    assert wire.encode(Message(meta=Meta(puid="p1"))) == b'{"meta":{"puid":"p1"}}'


def test_null_among_numbers_is_nan_inside_and_null_outside():
    message = decoded(b'{"data": {"ndarray": [[1, null], [2.5, 3]]}}')
    assert message.value.dtype == np.float64
    assert np.isnan(message.value).tolist() == [[False, True], [False, False]]
    assert wire.encode(message) == b'{"meta":{},"data":{"names":[],"ndarray":[[1.0,null],[2.5,3.0]]}}'


def test_null_in_a_tensor_is_nan_inside_and_null_outside():
    message = decoded(b'{"data": {"tensor": {"shape": [1, 2], "values": [1, null]}}}')
    assert np.isnan(message.value).tolist() == [[False, True]]
    assert wire.encode(message) == (b'{"meta":{},"data":{"names":[],"tensor":{"shape":[1,2],"values":[1.0,null]}}}')


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
def test_literals_that_are_not_json_are_read_and_written_as_null(literal: bytes):
    assert echoed(b'{"data": {"ndarray": [[1.5, ' + literal + b"]]}}") == (
        b'{"meta":{},"data":{"names":[],"ndarray":[[1.5,null]]}}'
    )


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


def test_names_are_text_whatever_was_sent():
    assert decoded(b'{"data": {"names": [1, "b"], "ndarray": [[1, 2]]}}').names == ["1", "b"]
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


@pytest.mark.parametrize("meta", [b"{}", b"null", b'{"puid": null, "tags": null, "routing": null, "metrics": null}'])
def test_empty_meta_is_all_defaults(meta: bytes):
    assert decoded(b'{"strData": "a", "meta": ' + meta + b"}").meta == Meta()


def test_meta_is_written_without_its_empty_members():
    meta = Meta("p", {"t": True}, {"ab": -2}, {"m": "image:1"}, [{"key": "k", "type": "TIMER", "value": 2.5}])
    assert wire.encode_meta(meta) == {
        "puid": "p",
        "tags": {"t": True},
        "routing": {"ab": -2},
        "requestPath": {"m": "image:1"},
        "metrics": [{"key": "k", "type": "TIMER", "value": 2.5}],
    }
    assert wire.encode_meta(Meta()) == {}


def test_views_and_numpy_scalars_are_written_like_plain_values():
    transposed = np.array([[1, 2], [3, 4]]).T
    assert wire.encode(Message("ndarray", transposed)) == b'{"meta":{},"data":{"names":[],"ndarray":[[1,3],[2,4]]}}'
    assert wire.encode(Message("tensor", transposed)) == (
        b'{"meta":{},"data":{"names":[],"tensor":{"shape":[2,2],"values":[1,3,2,4]}}}'
    )
    assert (
        wire.dump({"a": np.float64(0.5), "b": np.array([1, 2]), 3: np.bool_(True)}) == b'{"a":0.5,"b":[1,2],"3":true}'
    )
