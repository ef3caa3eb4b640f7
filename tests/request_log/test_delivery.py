"""How events come to a sink, whatever it answers, and what is said where they do not."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.remote.components import Component, Received, ok
from tests.request_log.sink import body, logging_to, until
from tests.serving.certificates import certified

from servegraph.engine.context import Context
from servegraph.request_log import Counts, Limits

CONTEXT = Context("PU")


@pytest.fixture
async def sink() -> AsyncIterator[Component]:
    """One whose answers are bytes of the test's choice."""
    sink = Component(answer=lambda _: ok(b""))
    await sink.start()
    yield sink
    await sink.stop()


async def complaint(url: str, caplog: pytest.LogCaptureFixture, limits: Limits | None = None) -> str:
    """What is said of an event that is not delivered there."""
    async with logging_to(url, limits=limits) as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(0, 1, 0))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    return record.getMessage()


async def test_user_and_password_become_a_header_and_the_query_is_sent(
    sink: Component, caplog: pytest.LogCaptureFixture
):
    sink.answer = lambda _: ok(b"", status=401)
    said = await complaint(f"http://us%40er:p%3Aw@127.0.0.1:{sink.port}/x?token=1", caplog)
    assert said == f"request log to http://127.0.0.1:{sink.port}/x: status 401 (0 sent, 1 failed, 0 dropped)"
    (received,) = sink.received
    assert received.path == "/x?token=1"
    assert received.headers["Host"] == f"127.0.0.1:{sink.port}"
    assert received.headers["Authorization"] == "Basic dXNAZXI6cDp3"


async def test_nobody_there_is_said(sink: Component, caplog: pytest.LogCaptureFixture):
    await sink.stop()
    said = await complaint(f"http://user:secret@localhost:{sink.port}/?token=1", caplog)
    await sink.start()
    assert "connect: connection refused (0 sent" in said
    assert "secret" not in said
    assert "token" not in said


async def test_no_answer_in_time_is_said(sink: Component, caplog: pytest.LogCaptureFixture):
    async def silent(received: Received) -> bytes:
        await asyncio.Event().wait()
        return b""

    sink.answer = silent
    said = await complaint(f"http://127.0.0.1:{sink.port}/", caplog, Limits(delivery_s=0.1))
    assert ": no answer within 0.1 s (0 sent" in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "the connection ended before the answer did"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "malformed HTTP response 'SSH-2.0-OpenSSH'"),
        (ok(b"", status=301), "status 301"),
        (ok(b"", "Location: /", status=302), "stopped after 10 redirects"),
        (ok(b"", "Location: ftp://x/", status=307), 'unsupported protocol scheme "ftp"'),
    ],
    ids=["hung up", "no HTTP", "no location", "loop", "scheme"],
)
async def test_what_is_no_answer_is_said(
    answer: bytes | None, words: str, sink: Component, caplog: pytest.LogCaptureFixture
):
    sink.answer = lambda _: answer
    said = await complaint(f"http://127.0.0.1:{sink.port}/", caplog)
    assert said == f"request log to http://127.0.0.1:{sink.port}/: {words} (0 sent, 1 failed, 0 dropped)"


@pytest.mark.parametrize(
    ("status", "method", "content"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"{}"), (308, "POST", b"{}")]
)
async def test_redirects_are_followed(status: int, method: str, content: bytes, sink: Component):
    sink.answer = lambda received: ok(b"", "Location: /y?a", status=status) if received.path == "/x" else ok(b"")
    async with logging_to(f"http://user:secret@127.0.0.1:{sink.port}/x") as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(1, 0, 0))
    second = sink.received[1]
    assert (second.method, second.path, second.body) == (method, "/y?a", content)
    assert second.headers["Referer"] == f"http://127.0.0.1:{sink.port}/x"


async def test_as_many_connections_are_used_as_there_are_workers_and_kept(sink: Component):
    async with logging_to(f"http://127.0.0.1:{sink.port}/", limits=Limits(workers=3)) as logger:
        for count in (30, 60):
            for _ in range(30):
                logger.request("m", body(b"{}"), CONTEXT)
            await until(logger, Counts(count, 0, 0))
    assert (sink.connections, len(sink.received)) == (3, 60)
    await sink.until(lambda: sink.lost == 3)


async def test_a_sink_that_answers_at_length_has_taken_its_event(sink: Component):
    sink.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"
    async with logging_to(f"http://127.0.0.1:{sink.port}/", limits=Limits(workers=1)) as logger:
        for _ in range(3):
            logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(3, 0, 0))


async def test_a_sink_that_ends_each_connection_loses_no_event(sink: Component):
    sink.answer = lambda _: ok(b"", "Connection: close")
    async with logging_to(f"http://127.0.0.1:{sink.port}/", limits=Limits(workers=1)) as logger:
        for _ in range(10):
            logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(10, 0, 0))
    assert (sink.connections, len(sink.received)) == (10, 10)


async def test_a_sink_that_ends_connections_without_a_word_loses_no_event(sink: Component):
    answered: list[str] = []

    def once_for_each_connection(received: Received) -> bytes | None:
        if sink.connections == len(answered):
            return None
        answered.append(received.headers["Ce-Id"])
        return ok(b"")

    sink.answer = once_for_each_connection
    async with logging_to(f"http://127.0.0.1:{sink.port}/", limits=Limits(workers=1)) as logger:
        for _ in range(10):
            logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(10, 0, 0))
    assert (sink.connections, len(sink.received), len(set(answered))) == (10, 19, 10)
    assert {one.headers["Ce-Id"] for one in sink.received} == set(answered)


async def test_a_sink_that_starts_again_loses_no_event(sink: Component):
    async with logging_to(f"http://127.0.0.1:{sink.port}/") as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(1, 0, 0))
        await sink.stop()
        await sink.start(sink.port)
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(2, 0, 0))


async def test_events_go_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tls, trusted = certified("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    sink = Component(answer=lambda _: ok(b""), tls=tls)
    await sink.start()
    async with logging_to(f"https://user:secret@localhost:{sink.port}/x") as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(1, 0, 0))
    await sink.stop()
    assert (sink.received[0].body, sink.received[0].headers["Authorization"]) == (b"{}", "Basic dXNlcjpzZWNyZXQ=")


async def test_a_certificate_that_nobody_vouches_for_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    tls, _ = certified("localhost", tmp_path)
    sink = Component(tls=tls)
    await sink.start()
    said = await complaint(f"https://localhost:{sink.port}/", caplog)
    await sink.stop()
    assert "tls: failed to verify certificate of localhost: self-signed certificate (0 sent" in said
