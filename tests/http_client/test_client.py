"""The client toward real servers: TLS, bodies that are too large, connections that were idle for long."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.remote.components import Component, ok
from tests.serving.certificates import certified

from servegraph.http_client import CannotConnect, HttpClient, HttpRequest, MalformedAnswer, Url, dial
from servegraph.http_client import client as client_module


@pytest.fixture
async def server() -> AsyncIterator[Component]:
    server = Component()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Component]:
    """One for localhost, and trusted."""
    tls, trusted = certified("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server = Component(tls=tls)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(1000, cuts=True, speaks_tls=True)
    yield client
    client.close()


def to(url: str, body: bytes | None = b"{}") -> HttpRequest:
    return HttpRequest(Url.parse(url), [], body)


async def test_tls_is_spoken_and_its_connections_are_kept(secure: Component, client: HttpClient) -> None:
    large = b"x" * 2_000_000
    for _ in range(3):
        answer = await client.send(to(f"https://localhost:{secure.port}/x", large))
        assert (answer.status, answer.body) == (200, b'{"strData": "A"}')
    assert [received.body for received in secure.received] == [large] * 3
    assert secure.received[0].headers["Host"] == f"localhost:{secure.port}"
    assert secure.connections == 1


async def test_certificate_of_another_host_is_refused(secure: Component, client: HttpClient) -> None:
    with pytest.raises(CannotConnect, match=r"^tls: failed to verify certificate of 127\.0\.0\.1: IP address mismatch"):
        await client.send(to(f"https://127.0.0.1:{secure.port}/"))
    assert secure.received == []


async def test_certificate_of_an_unknown_authority_is_refused(
    secure: Component, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(CannotConnect, match=r"^tls: failed to verify certificate of localhost: self-signed"):
        await client.send(to(f"https://localhost:{secure.port}/"))
    assert secure.received == []


async def test_server_that_speaks_no_tls_is_told_apart(client: HttpClient) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b""))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CannotConnect, match=rf"^tls: 127\.0\.0\.1:{port}: wrong version number"):
            await client.send(to(f"https://127.0.0.1:{port}/"))


async def test_redirect_leads_to_tls(server: Component, secure: Component, client: HttpClient) -> None:
    server.answer = lambda _: ok(b"", f"Location: https://localhost:{secure.port}/y", status=308)
    assert (await client.send(to(f"http://localhost:{server.port}/x"))).status == 200
    assert [(one.method, one.path, one.body) for one in secure.received] == [("POST", "/y", b"{}")]


async def test_tls_is_for_whoever_asks_for_it(server: Component) -> None:
    server.answer = lambda _: ok(b"", "Location: https://localhost/", status=307)
    with pytest.raises(MalformedAnswer, match='^unsupported protocol scheme "https"'):
        await HttpClient(1000).send(to(f"http://localhost:{server.port}/"))


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"x" * 100_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nFFFFFFFF\r\nx",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
    ],
    ids=["whole", "counted", "chunked", "endless"],
)
async def test_large_bodies_are_cut_and_cost_the_connection(answer: bytes, server: Component) -> None:
    server.answer = lambda _: answer
    client = HttpClient(1000, cuts=True)
    for number in (1, 2):
        found = await client.send(to(f"http://127.0.0.1:{server.port}/"))
        assert (found.status, found.keeps_alive) == (200, False)
        assert len(found.body) <= 1000
        assert server.connections == number


async def test_connection_that_was_idle_for_long_is_not_used_again(
    server: Component, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 1, 2):
        if number == 2:
            monkeypatch.setattr(client_module, "_IDLE_S", 0.0)
        await client.send(to(f"http://127.0.0.1:{server.port}/"))
        assert server.connections == number


async def test_address_that_does_not_answer_is_given_up_for_the_next(
    server: Component, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two_addresses(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    monkeypatch.setattr(dial, "_addresses", two_addresses)
    monkeypatch.setattr(dial, "_NEXT_S", 0.1)
    with (
        socket.create_server(("127.0.0.2", server.port), backlog=0),
        socket.create_connection(("127.0.0.2", server.port)),  # all that it takes
    ):
        assert (await client.send(to(f"http://sink:{server.port}/"))).status == 200
