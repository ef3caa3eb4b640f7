"""How an HTTP/1.1 port ends, over TLS, over IPv6, and next to another process."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.serving.answered import GET, HEAD, Listening, Waits, counted, listening
from tests.serving.certificates import made_certificate
from tests.serving.served import serving

from servegraph.serving import server
from servegraph.serving.http1 import connection as http
from servegraph.serving.http1 import listener
from servegraph.serving.http1.message import Request, Response
from servegraph.serving.routes import Answer, HttpRequest, Route
from servegraph.serving.server import Tls


async def test_who_asks_while_we_leave_is_told_to_close():
    async with listening() as served, served.client() as client, served.client() as idle:
        client.write(GET)
        assert "connection" not in (await client.answer()).headers
        served.listener.is_leaving = True
        client.write(GET)
        assert (await client.answer()).headers["connection"] == "close"
        assert await client.ended()
        await served.listener.quiet(0.01)
        await served.listener.close()
        assert await idle.rest() == b""


async def test_what_was_asked_before_we_leave_is_answered():
    waits = Waits(b"2")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2") + counted(b"2") + HEAD + b"content-length: 1\r\n\r\n")
        await served.until(lambda: waits.asked == 1)
        served.listener.is_leaving = True
        quiet = asyncio.ensure_future(served.listener.quiet(0.01))
        await asyncio.sleep(0.05)
        assert not quiet.done()
        waits.go_on.set()
        for body in (b"1", b"2", b"2"):
            answer = await client.answer()
            assert (answer.body, answer.headers.get("connection")) == (body, None)
        await asyncio.sleep(0.05)
        assert not quiet.done()
        client.write(b"2")
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"2", "close")
        assert await client.ended()
        async with asyncio.timeout(10):
            await quiet


async def test_an_answer_that_is_still_read_is_waited_for():
    async def answers(_: Request) -> Response:
        return Response(200, "", b"x" * 2**24)

    async with listening(answers) as served:
        with await served.plain_socket() as slow:
            slow.send(GET)
            await served.until(lambda: served.listener.served == 1)
            quiet = asyncio.ensure_future(served.listener.quiet(0.01))
            await asyncio.sleep(0.05)
            assert not quiet.done()
            loop, size = asyncio.get_running_loop(), 0
            async with asyncio.timeout(20):
                while size < 2**24:
                    size += len(await loop.sock_recv(slow, 2**20))
                await quiet


async def test_the_next_request_of_a_client_that_was_told_does_not_lose_it_the_answer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "LINGER_S", 5)
    async with listening() as served, served.client() as client:
        client.write(GET)
        await client.answer()
        served.listener.is_leaving = True
        client.write(GET)
        answer = await client.answer()
        for _ in range(20):
            client.write(counted(b"x" * 10**5))
            await client.drain()
        assert answer.headers["connection"] == "close"
        assert await client.rest() == b""
        assert served.application.asked == [b"", b""]


async def test_who_neither_asks_nor_reads_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listener, "CLOSE_S", 0.1)

    async def answers(_: Request) -> Response:
        return Response(200, "", b"x" * 2**24)

    async with listening(answers) as served, served.client() as silent:
        with await served.plain_socket() as slow:
            slow.send(GET)
            await served.until(lambda: served.listener.served == 1)
            async with asyncio.timeout(10):
                await served.listener.close()
            await served.until(lambda: served.clients == 0)
            assert await silent.rest() == b""


async def test_requests_that_are_not_answered_at_the_end_are_dropped(monkeypatch: pytest.MonkeyPatch):
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2"))
        await served.until(lambda: waits.asked == 1)
        await served.listener.close()
        assert await client.rest() == b""
        waits.go_on.set()
        await served.until(lambda: served.listener.in_flight == 0)
        assert waits.asked == 1


async def test_version_6_addresses_are_served():
    async with listening(host="::1") as served, served.client() as client:
        client.write(GET)
        assert (await client.answer()).status == 200


async def slow(request: HttpRequest) -> Answer:
    await asyncio.sleep(0)
    return Answer(200, str(len(request.text.body)).encode(), "text/plain")


@asynccontextmanager
async def secure(folder: Path) -> AsyncIterator[tuple[Listening, ssl.SSLContext]]:
    """A listener with a certificate, and what its clients need."""
    certificate, key = made_certificate()
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    trusts = ssl.create_default_context(cadata=certificate.decode())
    trusts.check_hostname = False
    async with listening(Waits(b"", b"now"), Tls(folder / "tls.crt", folder / "tls.key").context("http/1.1")) as served:
        yield served, trusts


async def test_tls_is_spoken(tmp_path: Path):
    async with secure(tmp_path) as (served, trusts):
        trusts.set_alpn_protocols(["h2", "http/1.1"])
        async with served.client(trusts) as client:
            assert client.said("ssl_object").selected_alpn_protocol() == "http/1.1"
            client.write(GET + counted(b"now") + HEAD + b"connection: close\r\n\r\n")
            assert [(await client.answer()).body for _ in range(3)] == [b"", b"now", b""]
            assert await client.ended()
        await served.until(lambda: served.clients == 0)


async def test_old_tls_is_not_spoken(tmp_path: Path):
    async with secure(tmp_path) as (served, trusts):
        trusts.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            trusts.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with served.client(trusts):
                pass
        async with served.client() as plain:
            plain.write(GET)
            assert b"HTTP" not in await plain.rest()
        assert served.clients == 0


async def test_a_client_of_tls_that_goes_away_or_says_too_much(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    async with secure(tmp_path) as (served, trusts):
        waits = served.application._answers
        async with served.client(trusts) as client:
            client.write(HEAD + b"content-length: 99999999\r\n\r\n" + b"x" * 10**6)
            answer = await client.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
        async with served.client(trusts) as client:
            client.write(counted(b"slow") + counted(b"now" * 100_000)[:-1])
            await served.until(lambda: waits.asked == 2)
        await served.until(lambda: served.clients == 0)
        waits.go_on.set()
    assert caplog.records == []


async def test_the_server_ends_in_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "CLOSE_NOTICE_S", 0.05)
    async with serving([Route("POST", "/x", slow)]) as served, served.connection() as one, served.connection() as two:
        one.write(counted(b"ab"))
        assert (await one.answer()).body == b"2"
        stop = asyncio.ensure_future(served.server.stop(asyncio.Event()))
        await served.until(lambda: served.server._http.is_leaving)
        one.write(counted(b"abc"))
        answer = await one.answer()
        assert (answer.body, answer.headers["connection"]) == (b"3", "close")
        async with asyncio.timeout(10):
            await stop
        assert await two.ended()
        with pytest.raises(OSError):  # noqa: PT011 - the port is closed, or filtered
            await asyncio.open_connection("127.0.0.1", served.http_port)
