"""The escapes of Go's JSON encoder, in JSON only."""

import json

import pytest

from servegraph.serving.escape import escaped
from servegraph.serving.routes import Answer

PLAIN = '{"a":"<b>&\u2028\u2029ä/\'"}'.encode()


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8", ""])
def test_json_is_escaped(content_type: str):
    answer = escaped(Answer(200, PLAIN, content_type))
    assert answer.body == b'{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\xc3\xa4/\'"}'
    assert json.loads(answer.body) == json.loads(PLAIN)


@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream", "text/plain; charset=utf-8"])
def test_nothing_else_is(content_type: str):
    assert escaped(Answer(200, PLAIN, content_type)).body == PLAIN


def test_a_body_without_such_characters_is_the_same_object():
    answer = Answer(200, b'{"a":1}')
    assert escaped(answer) is answer


def test_all_else_of_the_answer_is_kept():
    answer = escaped(Answer(418, b"<", headers=(("x", "y"),)))
    assert answer == Answer(418, b"\\u003c", headers=(("x", "y"),))
