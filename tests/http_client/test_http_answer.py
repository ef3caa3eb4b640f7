"""One HTTP answer from bytes, however they are cut."""

import pytest

from servegraph.http_client.answer import AnswerReader, HttpAnswer
from servegraph.http_client.malformed import MalformedAnswer

COUNTED = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nCONTENT-LENGTH: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\nA;ext=1\r\n world 123\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + COUNTED
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def read(*pieces: bytes, limit: int = 1000) -> HttpAnswer | None:
    reader = AnswerReader(limit)
    answers = [reader.feed(piece) for piece in pieces]
    assert all(answer is None for answer in answers[:-1])
    return answers[-1]


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [(COUNTED, 200, b"hello"), (CHUNKED, 200, b"hello world 123"), (INTERIM, 200, b"hello"), (EMPTY, 204, b"")],
    ids=["counted", "chunked", "interim", "empty"],
)
def test_every_cut_gives_the_same_answer(data: bytes, status: int, body: bytes) -> None:
    for cut in range(1, len(data)):
        answer = read(data[:cut], data[cut:])
        assert answer is not None
        assert (answer.status, answer.body, answer.keeps_alive) == (status, body, True)
    answer = read(*(data[at : at + 1] for at in range(len(data))))
    assert answer is not None
    assert answer.body == body


def test_fields_are_found_by_lower_case_name() -> None:
    answer = read(COUNTED)
    assert answer is not None
    assert (answer.field(b"content-type"), answer.field(b"location")) == ("a/b", "")


def test_body_without_length_ends_with_the_connection() -> None:
    reader = AnswerReader(100)
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    answer = reader.end()
    assert answer is not None
    assert (answer.body, answer.keeps_alive) == (b"hello", False)


def test_counted_body_does_not_end_with_the_connection() -> None:
    reader = AnswerReader(100)
    assert reader.feed(COUNTED[:-1]) is None
    assert reader.end() is None


@pytest.mark.parametrize(
    ("head", "keeps_alive"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close", False),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive", True),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive", True),
    ],
)
def test_connection_is_kept_as_the_server_says(head: bytes, keeps_alive: bool) -> None:
    answer = read(head + b"\r\nContent-Length: 0\r\n\r\n")
    assert answer is not None
    assert answer.keeps_alive is keeps_alive


def test_connection_with_surplus_bytes_is_not_kept() -> None:
    answer = read(COUNTED + b"HTTP")
    assert answer is not None
    assert (answer.body, answer.keeps_alive) == (b"hello", False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "malformed HTTP response 'SSH-2.0-OpenSSH'"),
        (b"HTTP/1.1 20x OK\r\n\r\n", "malformed HTTP response"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed field 'no colon'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two different lengths"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "larger than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n", "unknown transfer encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "malformed chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n", "larger than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, "malformed chunk"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "too large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "the head of the answer is too large"),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedAnswer, match=message):
        read(data)
