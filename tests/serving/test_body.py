"""Bodies: how much is read, and what becomes of those that are too large or end early."""

import asyncio
import json

import pytest
from tests.serving.served import serving

from servegraph.serving.http1 import connection as http
from servegraph.serving.rest import Site
from servegraph.serving.routes import Answer, HttpRequest, Route


async def size(request: HttpRequest) -> Answer:
    return Answer(200, str(len(request.text.body)).encode(), "text/plain")


ROUTES = [Route("POST", "/x", size, "predictions"), Route("GET", "/x", size, "predictions")]
SMALL = Site(max_body=1000)
HEAD = b"POST /x HTTP/1.1\r\nhost: x\r\n"
TOO_LARGE = {
    "status": {
        "code": -1,
        "info": "the body is over 1000 bytes; send fewer rows at once, or raise --max-body-mib",
        "reason": "MICROSERVICE_BAD_DATA",
        "status": 1,
    }
}


def chunked(*pieces: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks


def counted(content: bytes) -> bytes:
    return HEAD + b"content-length: %d\r\n\r\n" % len(content) + content


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (counted(b""), b"0"),
        (counted(b"x" * 1000), b"1000"),
        (HEAD + b"\r\n", b"0"),
        (chunked(), b"0"),
        (chunked(b"x" * 400, b"y" * 600), b"1000"),
        (b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n", b"0"),
        (HEAD + b"trailer: t\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nt: 1\r\n\r\n", b"2"),
    ],
)
async def test_bodies_up_to_the_limit_are_read_whole(request_: bytes, length: bytes):
    async with serving(ROUTES, site=SMALL) as served, served.connection() as connection:
        connection.write(request_ + request_)
        assert [(await connection.answer()).body for _ in range(2)] == [length, length]


@pytest.mark.parametrize(
    "request_", [counted(b"x" * 1001), chunked(b"x" * 1001), chunked(*[b"x" * 100] * 11), counted(b"x" * 10**6)]
)
async def test_a_body_over_the_limit_is_413(request_: bytes):
    async with serving(ROUTES, site=SMALL) as served, served.connection() as connection:
        connection.write(request_)
        answer = await connection.answer()
        assert (answer.status, json.loads(answer.body)) == (413, TOO_LARGE)
        assert served.heard.answers == [("predictions", "post", "413")]
        assert (await served.ask("POST", "/x", b"{}")).body == b"2"


async def test_a_body_that_only_says_it_is_too_large_is_not_waited_for():
    async with serving(ROUTES, site=SMALL) as served, served.connection() as connection:
        connection.write(HEAD + b"content-length: 999999999999999999\r\n\r\n")
        assert (await connection.answer()).status == 413


@pytest.mark.parametrize(
    "beginning",
    [
        HEAD + b"content-length: 10\r\n\r\n12345",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n123",
        HEAD + b"transfer-encoding: chunked\r\n\r\n",
    ],
)
async def test_a_client_that_hangs_up_before_the_end_asks_nobody(beginning: bytes):
    async with serving(ROUTES) as served:
        async with served.connection() as connection:
            connection.write(beginning)
        await served.until(lambda: served.heard.answers == [("predictions", "post", "400")])
        assert (await served.ask("POST", "/x", b"{}")).body == b"2"


@pytest.mark.parametrize("rest", [b"zz\r\n", b"-1\r\n", b"5\r\n1234567\r\n"])
async def test_chunks_that_are_none_ask_nobody(rest: bytes):
    async with serving(ROUTES) as served, served.connection() as connection:
        connection.write(HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n" + rest)
        answer = await connection.answer()
        assert (answer.status, json.loads(answer.body)["status"]["info"]) == (400, "the body ended early")
        assert await connection.ended()


async def test_a_body_that_does_not_come_is_408(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "BODY_S", 0.05)
    async with serving(ROUTES) as served, served.connection() as connection:
        connection.write(HEAD + b"content-length: 10\r\n\r\n12345")
        answer = await connection.answer()
    assert (answer.status, json.loads(answer.body)["status"]["info"]) == (408, "the body did not arrive in 0 s")


async def test_a_body_in_many_pieces_is_put_together():
    async with serving(ROUTES) as served, served.connection() as connection:
        connection.write(HEAD + b"content-length: 30\r\n\r\n")
        for _ in range(3):
            connection.write(b"x" * 10)
            await asyncio.sleep(0.01)
        assert (await connection.answer()).body == b"30"


async def test_a_client_that_waits_for_a_go_ahead_gets_it():
    async with serving(ROUTES) as served, served.connection() as connection:
        connection.write(HEAD + b"content-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert (await connection.answer()).status == 100
        connection.write(b"{}")
        assert (await connection.answer()).body == b"2"


async def test_large_bodies_pass_both_ways():
    async def echo(request: HttpRequest) -> Answer:
        return Answer.of(request.text)

    content = b"0123456789abcdef" * 2**20
    async with serving([Route("POST", "/x", echo)]) as served:
        assert (await served.ask("POST", "/x", content)).body == content
