"""What is a request over HTTP/1.1, what is none, and what nobody may smuggle into it or into an answer."""

import asyncio
import json

import pytest
from tests.serving.answered import GET, HEAD, Application, Waits, bodies, chunked, counted, listening, statuses

from servegraph.serving.http1 import reader
from servegraph.serving.http1.head import field
from servegraph.serving.http1.message import Request, Response

CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
UPGRADE = HEAD + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


def said_of(said: bytes) -> list[str]:
    """The bodies of the requests that were answered, as the answers repeat them."""
    return [json.loads(body)[3] for body in bodies(said)]


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (counted(b""), ""),
        (HEAD + b"content-length: 2 \t \r\n\r\nab", "ab"),
        (HEAD + b"Content-Length: 0002\r\n\r\nab", "ab"),
        (HEAD + b"\r\n", ""),
        (b"GET /x HTTP/1.1\r\ncontent-length: 2\r\n\r\nab", "ab"),
        (chunked(), ""),
        (chunked(b"a", b"b", b"c"), "abc"),
        (CHUNKED + b'2;a;b=c;d="e f"\r\nab\r\n00;x\r\n\r\n', "ab"),
        (CHUNKED + b"2\r\nab\r\n0\r\nhost: evil\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", "ab"),
        (b"\r\n\r\n" + counted(b"ab"), "ab"),
        (b"POST /x HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab"),
        (b"QUERY /x HTTP/1.1\r\n\r\n", ""),
        (UPGRADE + b"content-length: 2\r\n\r\nab", "ab"),
        (UPGRADE + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab"),
        (UPGRADE + b"\r\n", ""),
        (HEAD + b"upgrade: h2c\r\ncontent-length: 2\r\n\r\nab", "ab"),
        (HEAD + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n", ""),
        (b"CONNECT h:80 HTTP/1.1\r\ncontent-length: 2\r\n\r\nab", "ab"),
        (b"CONNECT h:80 HTTP/1.1\r\n\r\n", ""),
    ],
)
async def test_a_request_ends_where_it_says_and_the_next_begins_there(request_: bytes, body: str):
    async with listening() as served:
        assert said_of(await served.asked(request_ + counted(b"next"))) == [body, "next"]
        single = [bytes([byte]) for byte in request_ + counted(b"next")]
        async with served.client() as client:
            for byte in single:
                client.write(byte)
                await client.drain()
                await asyncio.sleep(0)
            assert [json.loads((await client.answer()).body)[3] for _ in range(2)] == [body, "next"]


async def test_requests_for_another_protocol_are_many():
    async with listening() as served:
        said = await served.asked((UPGRADE + b"content-length: 2\r\n\r\nab") * 2000)
    assert said_of(said) == ["ab"] * 2000


async def test_fields_are_read_without_the_space_around_them():
    asked: list[Request] = []

    async def answers(request: Request) -> Response:
        asked.append(request)
        return Response(200)

    async with listening(answers) as served:
        request = b"GET /x HTTP/1.1\r\nA:\t b c \t\r\na: second\r\nEmpty:\r\nLatin: \xe9\xa0\r\n\r\n"
        await served.asked(request + CHUNKED + b"0\r\ntrailer: t\r\n\r\n" + GET)
    first, _, last = asked
    assert first.fields == [("a", "b c"), ("a", "second"), ("empty", ""), ("latin", "\xe9\xa0")]
    assert first.headers == {"a": "b c", "empty": "", "latin": "\xe9\xa0"}
    assert last.fields == [("host", "h")]


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"content-length: 2\r\ncontent-length: 2\r\n\r\nab",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        *(HEAD + b"content-length: %s\r\n\r\nab" % n for n in (b"+2", b"-2", b"2, 2", b"0x2", b"1_0", b"2 2", b"")),
        HEAD + b"content-length: 18446744073709551617\r\n\r\na",
        HEAD + b"content-length : 2\r\n\r\nab",
        *(HEAD + b"a: b%sc\r\n\r\n" % c for c in (b"\0", b"\1", b"\r", b"\n", b"\x7f", b"\r\n d: ")),
        *(HEAD + b"a%sb: c\r\n\r\n" % c for c in (b" ", b"\0", b"(", b"\xe9", b"\r")),
        HEAD + b": c\r\n\r\n",
        HEAD + b"nothing\r\n\r\n",
        b"GET /x HTTP/1.1\na: b\n\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.2\r\n\r\n",
        b"GET /x HTTP/3.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_or_in_none_is_400(request_: bytes):
    async with listening() as served:
        said = await served.asked(counted(b"before") + request_ + counted(b"after"))
        assert (statuses(said), served.application.asked) == ([200, 400], [b"before"])
        assert b"connection: close\r\n" in said
        await served.until(lambda: served.clients == 0)


@pytest.mark.parametrize(
    "request_", [b"BREW /x HTTP/1.1\r\n\r\n", b"get /x HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"]
)
async def test_a_method_that_nobody_knows_is_405(request_: bytes):
    async with listening() as served:
        assert statuses(await served.asked(GET + request_ + GET)) == [200, 405]
        assert served.application.asked == [b""]


@pytest.mark.parametrize(
    "rest",
    [
        CHUNKED + b"zz\r\n",
        CHUNKED + b"+2\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"2 \r\nab\r\n0\r\n\r\n",
        CHUNKED + b"2\nab\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nab\r\n0\r\na\0: b\r\n\r\n",
        CHUNKED + b"2\r\nab\r\n0\r\ncontent-length: 7\r\n\r\n",
        CHUNKED + b"ffffffffffffffffff\r\nab",
        HEAD + b"transfer-encoding: gzip\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        UPGRADE + b"transfer-encoding: gzip\r\n\r\n0\r\n\r\n",
    ],
)
async def test_a_body_that_is_none_is_told_and_is_the_last(rest: bytes):
    async with listening() as served:
        said = await served.asked(counted(b"before") + rest + counted(b"after"))
        assert (statuses(said), served.application.asked) == ([200, 400], [b"before", "Truncated"])
        await served.until(lambda: served.clients == 0)


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\0"])
async def test_an_answer_cannot_be_split(newline: str):
    async def answers(_: Request) -> Response:
        return Response(200, field("x-told", f"a{newline}set-cookie: b{newline}{newline}c\u010d\u010a"), b"body")

    async with listening(answers) as served, served.client() as client:
        client.write(GET)
        answer = await client.answer()
    assert answer.body == b"body"
    gap = " " * len(newline)
    assert answer.headers["x-told"] == f"a{gap}set-cookie: b{gap}{gap}c??"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("limit", [reader.OVERHEAD_LIMIT, 500])
@pytest.mark.parametrize(
    "head",
    [
        lambda size: b"GET /" + b"x" * size,
        lambda size: b"GET /x HTTP/1.1\r\na: " + b"x" * size,
        lambda size: b"GET /x HTTP/1.1\r\n" + b"x" * size,
        lambda size: b"GET /x HTTP/1.1\r\n" + b"a:b\r\n" * (size // 4),
    ],
)
async def test_a_head_is_read_up_to_a_limit(head, limit: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "OVERHEAD_LIMIT", limit)
    async with listening() as served:
        assert statuses(await served.asked(GET + head(limit) + b": \r\n\r\n")) in ([200, 431], [200, 400])
        async with served.client() as client:
            client.write(GET)
            await client.answer()
            endless = head(limit)
            for start in range(0, len(endless), 1000):  # it is not waited for an end
                client.write(endless[start : start + 1000])
            client.write(b"a" * 300_000)
            answer = await client.answer()
            assert (answer.status, answer.headers["connection"]) == (431, "close")
            assert await client.ended()
        await served.until(lambda: served.clients == 0)


async def test_heads_below_the_limit_are_read():
    fields = b"".join(b"a%d: b\r\n" % number for number in range(5000))
    async with listening() as served:
        said = await served.asked((b"GET /x HTTP/1.1\r\n" + fields + b"\r\n") * 5)
        assert statuses(said) == [200] * 5
        assert statuses(await served.asked(b"GET /" + b"x" * 65000 + b" HTTP/1.1\r\n\r\n" + GET)) == [200, 200]


async def test_what_came_before_a_head_is_not_counted_as_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "OVERHEAD_LIMIT", 100)
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(HEAD + b"content-length: 5000\r\n\r\n")
        await asyncio.sleep(0.01)
        client.write(b"a" * 5000 + b"POST /x HT")
        await served.until(lambda: waits.asked == 1)
        waits.go_on.set()
        assert len((await client.answer()).body) == 5000
        client.write(b"TP/1.1\r\ncontent-length: 5000\r\n\r\n")
        await asyncio.sleep(0.01)
        client.write(b"b" * 5000 + HEAD + b"content-length: 1\r\n\r\n")
        assert len((await client.answer()).body) == 5000
        client.write(b"c")
        assert (await client.answer()).body == b"c"


@pytest.mark.parametrize(
    "beginning",
    [CHUNKED + b"5;", CHUNKED + b"5\r\nabcde\r\n0\r\nt: ", CHUNKED + b"5\r\nabcde\r\n0\r\n" + b"t: u\r\n" * 2000],
)
async def test_what_belongs_to_no_body_is_read_up_to_a_limit(beginning: bytes):
    async with listening(Application(max_body=10)) as served, served.client() as client:
        client.write(beginning)
        for _ in range(400):
            client.write(b"t" * 999 + (b"" if beginning[-1:] != b"\n" else b": u\r\n"))
        answer = await client.answer()
        assert (answer.status, answer.body, served.application.asked) == (400, b"TooLarge", ["TooLarge"])


async def test_a_body_in_thousands_of_tiny_chunks_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "OVERHEAD_LIMIT", 1000)
    async with listening() as served, served.client() as client:
        client.write(CHUNKED)
        for _ in range(400):
            for part in (b"1", b";a=b\r\n", b"x", b"\r\n"):
                client.write(part)
                await client.drain()
                await asyncio.sleep(0)
        client.write(b"0\r\n\r\n")
        assert json.loads((await client.answer()).body)[3] == "x" * 400
        client.write(chunked(*[b"y"] * 20_000))
        assert json.loads((await client.answer()).body)[3] == "y" * 20_000


CONTINUE = HEAD + b"expect: 100-Continue\r\n"


async def test_leave_to_send_a_body_is_given_when_it_is_its_turn():
    waits = Waits(b"now")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"slow") + CONTINUE + b"content-length: 3\r\n\r\n")
        await served.until(lambda: waits.asked == 1)
        waits.go_on.set()
        assert (await client.answer()).body == b"slow"
        assert (await client.answer()).status == 100
        client.write(b"now" + CONTINUE + b"transfer-encoding: chunked\r\n\r\n")
        assert (await client.answer()).body == b"now"
        assert (await client.answer()).status == 100
        client.write(b"3\r\nnow\r\n0\r\n\r\n")
        assert (await client.answer()).body == b"now"


@pytest.mark.parametrize(
    "request_",
    [
        counted(b"abc", CONTINUE),
        CONTINUE + b"content-length: 0\r\n\r\n",
        CONTINUE + b"content-length: 99\r\n\r\n",
        b"POST /x HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
    ],
)
async def test_leave_is_not_given_where_nobody_waits_for_it(request_: bytes):
    async with listening(Application(max_body=10)) as served, served.client() as client:
        client.write(request_)
        await asyncio.sleep(0.01)
        if b"1.0" in request_:
            client.write(b"abc")
        assert (await client.answer()).status in (200, 400)
        client.end()
        assert await client.rest() == b""


async def test_leave_is_given_to_who_wants_another_protocol():
    async with listening() as served, served.client() as client:
        client.write(UPGRADE + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert (await client.answer()).status == 100
        client.write(b"ab")
        assert json.loads((await client.answer()).body)[3] == "ab"
