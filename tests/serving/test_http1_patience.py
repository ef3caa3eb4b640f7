"""Clients of HTTP/1.1 that are slow, silent, or go on sending; and what is left behind by many of them."""

import asyncio
import gc
import os
import socket
from contextlib import suppress

import pytest
from tests.serving.answered import GET, HEAD, Application, Waits, counted, listening, statuses

from servegraph.serving.http1 import connection as http
from servegraph.serving.http1 import listener
from servegraph.serving.http1.connection import Connection
from servegraph.serving.http1.message import Request, Response
from servegraph.serving.http1.reader import RequestReader

LARGE = b"x" * 2**24


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "LOOK_S", 0.01)


@pytest.mark.parametrize("beginning", [b"", b"\r\n", b"G", b"GET /x HTTP/1.1\r\na: b"])
async def test_a_client_that_does_not_ask_is_let_go(beginning: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "HEAD_S", 0.05)
    async with listening() as served, served.client() as client:
        client.write(beginning)
        assert await client.rest() == b""
        await served.until(lambda: served.clients == 0)


async def test_a_client_that_has_asked_may_be_silent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "HEAD_S", 0.01)
    async with listening() as served, served.client() as client:
        client.write(GET)
        await client.answer()
        await asyncio.sleep(0.1)
        client.write(GET)
        assert (await client.answer()).status == 200


async def test_a_head_that_stops_does_not_lose_the_answer_before_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "HEAD_S", 0.01)
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"slow") + b"POST /x HT")
        await served.until(lambda: waits.asked == 1)
        await asyncio.sleep(0.1)
        waits.go_on.set()
        assert (await client.answer()).body == b"slow"
        assert await client.ended()


async def test_a_body_that_stops_is_told_after_the_answer_before_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "BODY_S", 0.01)
    waits = Waits(b"")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"slow") + HEAD + b"content-length: 5\r\n\r\nab")
        await served.until(lambda: waits.asked == 1)
        await served.until(lambda: len(next(iter(served.listener._connections))._waiting) == 1)
        waits.go_on.set()
        assert (await client.answer()).body == b"slow"
        await client.answer()
        assert served.application.asked == [b"slow", "TooSlow"]
        assert await client.ended()


async def test_the_time_for_a_body_begins_with_the_leave_to_send_it(monkeypatch: pytest.MonkeyPatch):
    waits = Waits(b"now")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"slow") + HEAD + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        await served.until(lambda: waits.asked == 1)
        connection = next(iter(served.listener._connections))
        began = connection._reader.since
        waits.go_on.set()
        await client.answer()
        assert (await client.answer()).status == 100
        assert connection._reader.since > began


async def test_while_requests_wait_their_client_is_not_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "BODY_S", 0.01)
    waits = Waits(b"2", b"3" * 2**20)
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2") + counted(b"3" * 2**20)[:-1])
        await served.until(lambda: waits.asked == 1)
        connection = next(iter(served.listener._connections))
        await served.until(lambda: connection._is_held)
        await asyncio.sleep(0.1)
        assert len(connection._waiting) == 1
        waits.go_on.set()
        assert (await client.answer()).body == b"1"
        assert (await client.answer()).body == b"2"
        await client.answer()
        assert served.application.asked[2] == "TooSlow"


async def test_an_answer_that_says_why_is_read_by_who_still_sends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "LINGER_S", 5)
    async with listening(Application(max_body=10)) as served, served.client() as client:
        client.write(HEAD + b"content-length: 100000000\r\n\r\n")
        assert (await client.answer()).body == b"TooLarge"
        for _ in range(100):
            client.write(b"x" * 10**6)
            await client.drain()
        assert await client.rest() == b""
        client.close()
        await served.until(lambda: served.clients == 0)
        assert served.application.asked == ["TooLarge"]


async def test_a_client_that_does_not_stop_sending_is_let_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "LINGER_S", 0.05)
    async with listening() as served, served.client() as client:
        client.write(b"GET nonsense\r\n\r\n")
        assert (await client.answer()).status == 400
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                while served.clients:
                    client.write(b"x" * 10**5)
                    await client.drain()
        assert served.clients == 0


async def answered_large(request: Request) -> Response:
    return Response(200, "", LARGE if request.body == b"large" else b"small")


async def received(client: socket.socket, size: int) -> bytes:
    loop, said = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(20):
        while len(said) < size:
            said += await loop.sock_recv(client, 2**20)
    return bytes(said)


async def test_what_is_not_read_is_not_made_either():
    async with listening(answered_large) as served:
        with await served.plain_socket() as slow:
            slow.send(counted(b"large") * 100 + counted(b"small"))
            connection = None
            await served.until(lambda: served.clients == 1)
            connection = next(iter(served.listener._connections))
            await served.until(lambda: connection._is_full)
            async with served.client() as other:
                other.write(counted(b"large"))
                assert (await other.answer()).body == LARGE
            assert served.application.asked == [b"large", b"large"]
            assert not connection.is_idle
            head = (await received(slow, 1)).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            await received(slow, 2 * len(LARGE))
            await served.until(lambda: len(served.application.asked) > 3)
            assert b"content-length: 16777216" in head


async def test_a_client_that_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "STALL_S", 0.2)
    async with listening(answered_large) as served:
        for request in (counted(b"large"), counted(b"large", HEAD + b"connection: close\r\n")):
            with await served.plain_socket() as slow:
                slow.send(request)
                await served.until(lambda: served.clients == 1)
                await served.until(lambda: served.clients == 0)


async def test_a_client_that_reads_slowly_is_not_let_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "STALL_S", 5)
    async with listening(answered_large) as served:
        with await served.plain_socket() as slow:
            slow.send(counted(b"large"))
            size = 0
            while size < len(LARGE):
                size += len(await received(slow, 1))


async def churn(address: tuple[str, int], rounds: int) -> None:
    """Clients of many kinds."""
    body = b"x" * 1000
    for _ in range(rounds):
        for request in (
            GET,
            counted(body),
            counted(body) * 3,
            counted(body)[:-1],
            HEAD + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\nab",
            HEAD + b"connection: close\r\ncontent-length: 2\r\n\r\nab",
            HEAD + b"content-length: 99999999\r\n\r\nab",
            HEAD + b"transfer-encoding: chunked\r\n\r\n3e8\r\n" + body + b"\r\nzz",
            b"nonsense\r\n\r\n" + body,
            b"GET /" + body,
            b"",
        ):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request)
            if request.endswith(b"ab"):
                writer.transport.abort()
                continue
            writer.write_eof()
            await reader.read()
            writer.close()


async def test_clients_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "LINGER_S", 0.01)

    async def answers(request: Request) -> Response:
        if len(request.body) % 2:
            await asyncio.sleep(0)
        return Response(200, "", request.body)

    async with listening(answers) as served:
        await churn(served.address, 2)
        await served.until(lambda: served.clients == 0)
        files = len(os.listdir("/proc/self/fd"))
        gc.collect()
        gc.disable()
        try:
            await churn(served.address, 50)
            await served.until(lambda: served.clients == 0)
            await asyncio.sleep(0.1)  # the last ones linger
            left = [kind.__name__ for thing in gc.get_objects() if (kind := type(thing)) in KINDS]
        finally:
            gc.enable()
        assert left == []
        assert len(os.listdir("/proc/self/fd")) <= files
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert (served.listener.in_flight, statuses(await served.asked(GET))) == (0, [200])


KINDS = (Connection, RequestReader, Request)
