"""What cannot be read is the caller's mistake, said in one sentence; the cause has the component server's words."""

from typing import Any

import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import wire_json as wire
from servegraph.payload.numbers import LARGE

NO_LIST = (
    "setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 dimensions. "
    "The detected shape was (2,) + inhomogeneous part."
)


def refusal(body: bytes) -> InvalidPayload:
    with pytest.raises(InvalidPayload) as caught:
        wire.decode(wire.parse(body))
    return caught.value


@pytest.mark.parametrize(
    "body", [b"", b"{", b"hello", b"{'strData': 1}", b'{"strData": NaN', b'{"NaN": "\xff"}', b"[" * 9999]
)
def test_what_is_no_json_is_refused(body: bytes):
    error = refusal(body)
    assert str(error).startswith("the body is not JSON: ")
    assert error.hint == 'send {"data": {"ndarray": [[1.0, 2.0]]}}'


def test_large_body_that_is_cut_off_is_not_read_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "read_leniently", None)
    assert "the body is not JSON: unexpected end of data" in str(refusal(b'{"data": [' + b"1.5," * LARGE))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[1, 2]", "Invalid request data type: [1, 2]"),
        (b'"x"', "Invalid request data type: x"),
        (b"null", "Invalid request data type: None"),
        (b"NaN", "Invalid request data type: nan"),
        (b"{}", "Invalid request data type: {}"),
        (b'{"foo": [1]}', "Invalid request data type: {'foo': [1]}"),
        (b'{"data": {"names": "a", "ndarray": [1]}}', "data.names must be a list"),
        (b'{"strData": "a", "meta": {"puid": 5}}', "meta.puid must be a string"),
        (b'{"strData": "a", "meta": {"tags": ["t"]}}', "meta.tags must be an object"),
        (b'{"strData": "a", "meta": {"metrics": {"key": "k"}}}', "meta.metrics must be a list"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, text: str):
    error = refusal(body)
    assert (str(error), isinstance(error, MalformedArray)) == (text, False)


def test_a_long_body_is_not_quoted_whole():
    assert len(str(refusal(b'{"foo": "' + b"x" * 100_000 + b'"}'))) < 2100


@pytest.mark.parametrize(
    ("data", "text", "cause"),
    [
        (
            b"null",
            "data must be an object with tensor, ndarray or tftensor",
            "argument of type 'NoneType' is not iterable",
        ),
        (b"5", "data must be an object with tensor, ndarray or tftensor", "argument of type 'int' is not iterable"),
        (
            b'"{ndarray}"',
            "data must be an object with tensor, ndarray or tftensor",
            "string indices must be integers, not 'str'",
        ),
        (b'{"ndarray": [[1, 2], [3]]}', "data.ndarray has rows of different lengths", NO_LIST),
        (b'{"ndarray": [[1.5, 2], [3.5]]}', "data.ndarray has rows of different lengths", NO_LIST),
        (b'{"tensor": {}}', "data.tensor must be an object with shape and values", "'values'"),
        (b'{"tensor": {"values": [1]}}', "data.tensor must be an object with shape and values", "'shape'"),
        (
            b'{"tensor": null}',
            "data.tensor must be an object with shape and values",
            "'NoneType' object is not subscriptable",
        ),
        (
            b'{"tensor": {"shape": [2, 2], "values": [1, 2, 3]}}',
            "data.tensor.shape [2, 2] does not hold the 3 values sent",
            "cannot reshape array of size 3 into shape (2,2)",
        ),
        (
            b'{"tensor": {"shape": [1.0], "values": [1]}}',
            "data.tensor.shape must be a list of whole numbers",
            "'float' object cannot be interpreted as an integer",
        ),
        (
            b'{"tensor": {"shape": [2], "values": 5}}',
            "data.tensor.values must be a list",
            "cannot reshape array of size 1 into shape (2,)",
        ),
        (
            b'{"tensor": {"shape": [2], "values": [[1], [1, 2]]}}',
            "data.tensor.values has rows of different lengths",
            NO_LIST,
        ),
    ],
)
def test_data_that_cannot_be_read_says_why_twice(data: bytes, text: str, cause: str):
    error = refusal(b'{"data": ' + data + b"}")
    assert isinstance(error, MalformedArray)
    assert (str(error), str(error.__cause__)) == (text, cause)


@pytest.mark.parametrize(
    ("body", "text", "cause"),
    [
        (b'{"binData": "AAA"}', "binData is not base64", "Incorrect padding"),
        (
            b'{"binData": 5}',
            "binData is not base64",
            "argument should be a bytes-like object or ASCII string, not 'int'",
        ),
        (b'{"strData": "a", "meta": null}', "meta must be an object", "'NoneType' object has no attribute 'get'"),
        (
            b'{"strData": "a", "meta": {"requestPath": []}}',
            "meta.requestPath must be an object",
            "'list' object is not a mapping",
        ),
    ],
)
def test_other_members_likewise(body: bytes, text: str, cause: str):
    error = refusal(body)
    assert (type(error), str(error), str(error.__cause__)) == (MalformedArray, text, cause)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"tensor": {"shape": [9223372036854775808, 0], "values": []}}', id="huge dimension"),
        pytest.param(b'{"tensor": {"shape": [0, 2147483647], "values": []}}', id="names of two billion columns"),
        pytest.param(b'{"tensor": {"shape": [' + b"1," * 39 + b'1], "values": [1]}}', id="40 dimensions"),
        pytest.param(b'{"ndarray": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}", id="40 deep"),
    ],
)
def test_shapes_that_cost_more_than_was_sent_are_refused(data: bytes):
    refusal(b'{"data": ' + data + b"}")


def test_a_list_nested_too_deep_is_not_called_ragged():
    text = str(refusal(b'{"data": {"ndarray": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}}"))
    assert text == "data.ndarray is nested over 32 deep"


@pytest.mark.parametrize("depth", [300, 900])
def test_jsondata_that_can_be_read_can_be_written(depth: int):
    nested: Any = wire.decode(wire.parse(b'{"jsonData": ' + b"[" * depth + b"]" * depth + b"}"))
    assert wire.encode(nested) == b'{"jsonData":' + b"[" * depth + b"]" * depth + b',"meta":{}}\n'
