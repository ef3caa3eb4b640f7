"""Requests in random pieces are read as if they had come in one, and as h11 reads them; h11 reads the answers."""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servegraph.serving.http1 import known as known_heads
from servegraph.serving.http1.head import Heads, field
from servegraph.serving.http1.known import KnownHeads
from servegraph.serving.http1.message import Gone, Request, Response
from servegraph.serving.http1.reader import BadHead, RequestReader

TOKEN = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~"
RESERVED = {"content-length", "transfer-encoding", "connection", "host", "expect", "upgrade"}
names = st.text(TOKEN, min_size=1, max_size=20).filter(lambda name: name.lower() not in RESERVED)
values = st.text([chr(code) for code in [9, *range(32, 127), *range(160, 256)]], max_size=30).map(
    lambda value: value.strip(" \t")
)
fields = st.lists(st.tuples(names, values), max_size=5)
targets = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map(lambda rest: "/" + rest)
binary = st.binary(max_size=200)
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that is none too strange, as its client would write it."""
    method = draw(st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "PATCH"]))
    lines = [f"{method} {draw(targets)} HTTP/1.1", "Host: h"]
    lines += [f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{value}" for name, value in draw(fields)]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n" + draw(st.sampled_from([b"", UPGRADE]))
    kind = draw(st.sampled_from(["none", "counted", "chunked"]))
    if kind == "none":
        return head + b"\r\n"
    if kind == "counted":
        body = draw(binary)
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = [piece for piece in draw(st.lists(binary, max_size=4)) if piece]
    extension = draw(st.sampled_from([b"", b";a", b";a=b", b';a="b c"']))
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    trailers = draw(st.sampled_from([b"", b"T: u\r\n", b"T: u\r\nV: w\r\n"]))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers + b"\r\n"


def said(request: Request | BadHead) -> object:
    if isinstance(request, BadHead):
        return request
    return request.method, request.target, list(request.fields), request.body, repr(request.fault), request.is_last


def read(pieces: Sequence[bytes], max_body: int = 10_000, known: KnownHeads | None = None) -> list[object]:
    taken: deque[Request | BadHead] = deque()
    reader = RequestReader(max_body, known or KnownHeads(), taken, Gone())
    for piece in pieces:
        reader.feed(piece)
    return [said(request) for request in taken]


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def read_by_h11(data: bytes, many: int) -> list[object]:
    connection = h11.Connection(h11.SERVER)
    found: list[object] = []
    connection.receive_data(data)
    for _ in range(many):
        event = connection.next_event()
        assert isinstance(event, h11.Request)
        body = b""
        while isinstance(piece := connection.next_event(), h11.Data):
            body += piece.data
        assert isinstance(piece, h11.EndOfMessage)
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers]
        found.append((event.method.decode(), event.target.decode(), told, body, "None", False))
        connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 5000), max_size=30))
def test_pieces_make_no_difference(sent: list[bytes], cuts: list[int]):
    data = b"".join(sent)
    whole = read([data])
    assert len(whole) == len(sent)
    assert read(cut(data, cuts)) == whole
    assert read([data[place : place + 1] for place in range(len(data))]) == whole


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 5000), max_size=3))
def test_heads_that_are_known_are_read_as_new_ones(sent: list[bytes], cuts: list[int]):
    known, data = KnownHeads(), b"".join(sent)
    whole = read(sent)
    assert read(sent, known=known) == whole
    assert read(sent, known=known) == whole
    assert read([data], known=known) == whole
    assert read(cut(data, cuts), known=known) == whole


def test_only_whole_requests_are_recognised():
    head, known = b"POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\n", KnownHeads()
    reader = RequestReader(10, known, taken := deque(), Gone())
    for piece in (head + b"ab", head + b"cd", head + b"e", b"f" + head + b"gh", head + b"ij" + head, b"kl"):
        reader.feed(piece)
    assert [request.body for request in taken] == [b"ab", b"cd", b"ef", b"gh", b"ij", b"kl"]
    assert known.recognised(head + b"mn") is not None
    assert known.recognised(head + b"m") is None
    assert known.recognised(head + b"mno") is None


def test_heads_that_are_long_or_many_are_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(known_heads, "MOST", 2)
    known = KnownHeads()
    asked = [b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(3)]
    long = b"GET / HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n" % (b"a" * 3000)
    assert len(read([*asked, long], known=known)) == 4
    assert [known.recognised(each) is not None for each in (*asked, long)] == [False, False, True, False]


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4))
def test_another_reader_reads_the_same(sent: list[bytes]):
    data = b"".join(request.replace(UPGRADE, b"") for request in sent)
    assert read([data]) == read_by_h11(data, len(sent))


TRICKY = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b"chunked", b"Content-Length: 3\r\n", b"0\r\n\r\n", b"\xff"]
TRICKY += [
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    UPGRADE,
    b"CONNECT ",
    b"Expect: 100-continue\r\n",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(requests(), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 20), st.sampled_from([b"", *TRICKY])), max_size=4),
    st.lists(st.integers(0, 5000), max_size=10),
)
@example([b"CONNECT h HTTP/1.1\r\n\r\n"] * 3, [], [])
def test_spoilt_requests_are_read_in_one_way(sent: list[bytes], spoilt: list[tuple[int, int, bytes]], cuts: list[int]):
    data = b"".join(sent)
    for place, removed, added in spoilt:
        place %= len(data) + 1
        data = data[:place] + added + data[place + removed :]
    whole, singly = read([data], 100), read([data[place : place + 1] for place in range(len(data))], 100)
    assert read(cut(data, cuts), 100) == whole == singly
    assert not any(isinstance(found, BadHead) for found in whole[:-1])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([200, 201, 204, 304, 400, 404, 418, 499, 500, 599, 777, 999]),
    st.text(max_size=30),
    st.binary(max_size=50),
    st.booleans(),
)
def test_another_reader_reads_our_heads(status: int, value: str, body: bytes, closes: bool):
    response = Response(status, field("x-told", value) + field("content-type", value), body)
    head = Heads().printed(response, None, closes)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(head + (b"" if status in (204, 304) else body))
    answer = client.next_event()
    assert isinstance(answer, h11.Response)
    assert answer.status_code == status
    names = [name for name, _ in answer.headers]
    length = [] if status in (204, 304) else [b"content-length"]
    assert names == [b"x-told", b"content-type", *length, *([b"connection"] if closes else []), b"date"]
    if length and body:
        data = client.next_event()
        assert isinstance(data, h11.Data)
        assert data.data == body
    assert isinstance(client.next_event(), h11.EndOfMessage)
