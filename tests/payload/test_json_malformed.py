"""Malformed JSON messages: each is the caller's mistake, said in one sentence."""

import pytest

from servegraph.errors import InvalidPayload
from servegraph.payload import wire_json as wire

NO_DATA = "the message has none of data, jsonData, strData, binData"
VALUES = "data.tensor.values must be a flat list of numbers"
SHAPE = "data.tensor.shape must be a list of whole numbers, none negative"


def refusal(body: bytes) -> InvalidPayload:
    with pytest.raises(InvalidPayload) as caught:
        wire.decode(wire.parse(body))
    return caught.value


@pytest.mark.parametrize(
    "body", [b"", b"{", b"hello", b"{'strData': 1}", b'{"strData": NaN', b"\xff\xfe", b'{"NaN": "\xff"}', b"[" * 2000]
)
def test_what_is_no_json_is_refused(body: bytes):
    error = refusal(body)
    assert str(error).startswith("the body is not JSON: ")
    assert error.hint == 'send {"data": {"ndarray": [[1.0, 2.0]]}}'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[[1.0, 2.0]]", "the body must be a JSON object, not a list"),
        (b'"x"', "the body must be a JSON object, not a string"),
        (b"null", "the body must be a JSON object, not null"),
        (b"true", "the body must be a JSON object, not a boolean"),
        (b"1.5", "the body must be a JSON object, not a number"),
        (b"NaN", "the body must be a JSON object, not a number"),
        (b"{}", NO_DATA),
        (b'{"instances": [[1]]}', NO_DATA),
        (b'{"data": [[1, 2]]}', "data must be an object with tensor or ndarray"),
        (b'{"data": null}', "data must be an object with tensor or ndarray"),
        (b'{"data": {}}', "data has neither tensor nor ndarray"),
        (b'{"data": {"tftensor": {}}}', "data has neither tensor nor ndarray"),
        (b'{"data": {"ndarray": 5}}', "data.ndarray must be a list"),
        (b'{"data": {"ndarray": null}}', "data.ndarray must be a list"),
        (b'{"data": {"ndarray": [[1, 2], [3]]}}', "data.ndarray has rows of different lengths"),
        (b'{"data": {"ndarray": [1, [2]]}}', "data.ndarray has rows of different lengths"),
        (b'{"data": {"names": "a", "ndarray": [1]}}', "data.names must be a list"),
        (b'{"data": {"tensor": [1, 2]}}', "tensor must be an object, not a list"),
        (b'{"data": {"tensor": {"shape": [2], "values": ["a", "b"]}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [2], "values": [[1, 2]]}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [2], "values": [[1], [1, 2]]}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [2], "values": {"a": 1}}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [1], "values": 5}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [1], "values": null}}}', VALUES),
        (b'{"data": {"tensor": {"shape": [-1], "values": [1]}}}', SHAPE),
        (b'{"data": {"tensor": {"shape": [1.0], "values": [1]}}}', SHAPE),
        (b'{"data": {"tensor": {"shape": [true], "values": [1]}}}', SHAPE),
        (b'{"data": {"tensor": {"shape": 1, "values": [1]}}}', SHAPE),
        (b'{"data": {"tensor": {"shape": null, "values": [1]}}}', SHAPE),
        (
            b'{"data": {"tensor": {"shape": [2, 2], "values": [1, 2, 3]}}}',
            "data.tensor.shape [2, 2] does not hold the 3 values sent",
        ),
        (b'{"data": {"tensor": {"values": [1, 2]}}}', "data.tensor.shape [] does not hold the 2 values sent"),
        (b'{"strData": 5}', "strData must be a string"),
        (b'{"strData": null}', "strData must be a string"),
        (b'{"binData": 5}', "binData must be a string"),
        (b'{"binData": "not base64!"}', "binData is not base64"),
        (b'{"binData": "AAA"}', "binData is not base64"),
        (b'{"strData": "a", "meta": []}', "meta must be an object, not a list"),
        (b'{"strData": "a", "meta": "m"}', "meta must be an object, not a string"),
        (b'{"strData": "a", "meta": {"puid": 5}}', "meta.puid must be a string"),
        (b'{"strData": "a", "meta": {"tags": ["t"]}}', "tags must be an object, not a list"),
        (b'{"strData": "a", "meta": {"routing": {"ab": "1"}}}', "meta.routing.ab must be a whole number"),
        (b'{"strData": "a", "meta": {"routing": {"ab": true}}}', "meta.routing.ab must be a whole number"),
        (b'{"strData": "a", "meta": {"metrics": {"key": "k"}}}', "meta.metrics must be a list"),
    ],
)
def test_a_malformed_message_is_refused_in_one_sentence(body: bytes, text: str):
    assert str(refusal(body)) == text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"data": {"tensor": {"shape": [9223372036854775808, 0], "values": []}}}', id="huge dimension"),
        pytest.param(b'{"data": {"tensor": {"shape": [' + b"1," * 39 + b'1], "values": [1]}}}', id="40 dimensions"),
        pytest.param(b'{"x": NaN, "data": {"ndarray": [1' + b"0" * 400 + b"]}}", id="number beyond float64"),
        pytest.param('{"binData": "é"}'.encode(), id="base64 with an accent"),
    ],
)
def test_values_that_numpy_or_base64_choke_on_are_the_callers_mistake(body: bytes):
    refusal(body)


def test_a_list_nested_too_deep_is_not_called_ragged():
    assert "different lengths" not in str(refusal(b'{"data": {"ndarray": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}}"))


def test_jsondata_that_can_be_read_can_be_written():
    body = b'{"jsonData": ' + b"[" * 300 + b"]" * 300 + b"}"
    try:
        message = wire.decode(wire.parse(body))
    except InvalidPayload:
        return
    wire.encode(message)
