"""All ways to send JSON over HTTP, and which of them wins."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.http_body import document_of, passthrough_of

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XbX"
OBJECT_EXPECTED = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--XbX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def parts(*each: bytes) -> bytes:
    return b"".join(each) + b"--XbX--\r\n"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=latin-1", "APPLICATION/JSON", "application/vnd.api+json;x=y"],
)
def test_json_content_types_are_taken(content_type: str):
    assert document_of('{"strData": "é"}'.encode(), content_type) == {"strData": "é"}


@pytest.mark.parametrize("content_type", ["", "text/json", "text/plain", "application/jsonx", "image/x+json", FORM])
def test_other_content_types_are_taken_only_leniently(content_type: str):
    body = b'{"strData": "a"}'
    with pytest.raises(InvalidPayload, match="^Can't find JSON in data$"):
        document_of(body, content_type)
    assert document_of(body, content_type, lenient=True) == {"strData": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"strData":"a"}',
        '{"strData":"a"}'.encode("utf-16"),
        '{"strData":"a"}'.encode("utf-16-le"),
        '{"strData":"a"}'.encode("utf-32"),
        b' {"strData":"b","strData":"a"} ',
    ],
)
def test_every_encoding_of_unicode_is_read(body: bytes):
    assert document_of(body, "application/json") == {"strData": "a"}


def test_literals_that_are_not_json_are_read():
    assert document_of(b"[NaN, Infinity, -Infinity, 1]", "application/json")[1:] == [float("inf"), -float("inf"), 1]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{", b'{"a":1}x', b'{"a":1,}', b"{'a':1}", b'{"a":"\xff"}', b"\x00", b'{"a":1}\x00']
)
@pytest.mark.parametrize("lenient", [True, False])
def test_a_body_without_json_is_refused(body: bytes, lenient: bool):
    with pytest.raises(InvalidPayload, match="^Can't find JSON in data$") as caught:
        document_of(body, "application/json", lenient=lenient)
    assert not isinstance(caught.value, MalformedArray)


def test_a_body_that_nests_too_deep_is_malformed():
    with pytest.raises(MalformedArray, match="^the JSON is nested too deep$") as caught:
        document_of(b"[" * 100_000, "application/json")
    assert str(caught.value.__cause__).startswith("maximum recursion depth exceeded")


def test_the_form_wins_over_the_query_and_the_query_over_the_body():
    form, query, body = urlencode({"json": '"form"'}).encode(), urlencode({"json": '"query"'}), b'"body"'
    assert document_of(form, FORM, query) == "form"
    assert document_of(body, "application/json", query) == "query"
    assert document_of(b"", "", query) == "query"
    assert document_of(b"json=", FORM, query) == "query"
    assert document_of(body, "application/json", "json=&x=1") == "body"


def test_the_first_of_several_fields_counts_and_null_is_a_document():
    assert document_of(b"x=1&json=%7B%22a%22%3A+1%7D&json=2", FORM + "; charset=utf-8") == {"a": 1}
    assert document_of(b"json=null", FORM) is None


@pytest.mark.parametrize(
    ("body", "content_type", "query"), [(b"json={", FORM, ""), (b'{"a": 1}', "application/json", "json={")]
)
def test_a_field_that_is_no_json_is_malformed(body: bytes, content_type: str, query: str):
    with pytest.raises(MalformedArray) as caught:
        document_of(body, content_type, query)
    assert str(caught.value.__cause__) == OBJECT_EXPECTED


def test_a_form_of_countless_fields_is_refused():
    with pytest.raises(InvalidPayload, match="^a form has over 1000 fields$"):
        document_of(b"&".join([b"a=1"] * 5000), FORM)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (
            parts(part("data", b'{"ndarray": [1]}'), part("meta", b'{"puid": "q"}')),
            {"data": {"ndarray": [1]}, "meta": {"puid": "q"}},
        ),
        (parts(part("strData", "hé".encode())), {"strData": "hé"}),
        (parts(part("strData", b"\xff")), {"strData": "\ufffd"}),
        (parts(part("strData", b"file", "a.txt")), {"strData": "file"}),
        (parts(part("jsonData", b'{"a": 1}', "a.json")), {"jsonData": '{"a": 1}'}),
        (parts(part("binData", b"\x00\x01\x02", "a.bin")), {"binData": "AAEC"}),
        (parts(part("binData", b'"AAEC"')), {"binData": "AAEC"}),
        (parts(part("jsonData", b'{"a": null}')), {"jsonData": {"a": None}}),
        (parts(part("strData", b"first"), part("strData", b"second")), {"strData": "first"}),
        (parts(part("strData", b"text"), part("strData", b"file", "f")), {"strData": "file"}),
        (parts(), {}),
        (b"", {}),
        (part("strData", b"the end is missing"), {}),
    ],
)
def test_parts_become_members(body: bytes, document: Any):
    assert document_of(body, MULTIPART, "json=5") == document


def test_a_multipart_body_without_a_boundary_has_no_parts():
    assert document_of(parts(part("strData", b"a")), "multipart/form-data") == {}


def test_large_files_are_read_whole():
    content = bytes(range(256)) * 4000
    document = document_of(parts(part("binData", content, "a")), MULTIPART)
    assert base64.b64decode(document["binData"]) == content


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (parts(part("data", b"{")), OBJECT_EXPECTED),
        (parts(part("binData", b"AAEC")), "Expecting value: line 1 column 1 (char 0)"),
        (
            parts(part("strData", b"\xff\xfe", "a")),
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
    ],
)
def test_a_part_that_cannot_be_read_is_malformed(body: bytes, cause: str):
    with pytest.raises(MalformedArray) as caught:
        document_of(body, MULTIPART)
    assert str(caught.value.__cause__) == cause


def test_countless_parts_are_refused():
    with pytest.raises(InvalidPayload, match="^the multipart body is refused: "):
        document_of(parts(*(part("strData", b"a") for _ in range(1000))), MULTIPART)


def test_what_is_passed_through_is_not_decoded():
    assert passthrough_of(b"\xff{", "text/plain") == b"\xff{"
    assert passthrough_of(b"{}", "application/json", urlencode({"json": "{"})) == "{"
    assert passthrough_of(urlencode({"json": json.dumps({"a": 1})}).encode(), FORM) == '{"a": 1}'
    assert passthrough_of(parts(part("strData", b"a")), MULTIPART) == {"strData": "a"}
