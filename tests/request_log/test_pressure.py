"""A sink that is slow, gone or hanging costs its own events, counted, and nothing else."""

import gzip
import logging
import socket
from pathlib import Path
from time import monotonic

import pytest
from tests.request_log.sink import ORIGIN, SinkServer, body, logging_to, running, shipping, until

from servegraph.engine import allowance
from servegraph.engine.context import Context
from servegraph.errors import InvalidPayload
from servegraph.payload.envelope import Envelope
from servegraph.request_log import Counts, Limits, RequestLogger
from servegraph.request_log import logger as logger_module
from servegraph.spec.logger import NodeLogger

CONTEXT = Context("PU")


async def test_what_does_not_fit_the_queue_is_dropped_and_counted(sink: SinkServer):
    sink.open.clear()
    async with logging_to(sink.url, limits=Limits(queue=3, workers=2)) as logger:
        for _ in range(2):
            logger.request("m", body(b"{}"), CONTEXT)
        await sink.until(2)
        for _ in range(10):
            logger.request("m", body(b"{}"), CONTEXT)
        assert logger.counts() == {sink.url: Counts(0, 0, 7)}
        sink.open.set()
        await until(logger, Counts(5, 0, 7))


async def test_bytes_count_too_until_they_are_delivered(sink: SinkServer):
    sink.open.clear()
    async with logging_to(sink.url, limits=Limits(queue_bytes=1000, workers=1)) as logger:
        logger.request("m", body(b"x" * 600), CONTEXT)
        await sink.until(1)
        logger.request("m", body(b"x" * 600), CONTEXT)
        logger.request("m", body(b"x" * 400), CONTEXT)
        assert logger.counts() == {sink.url: Counts(0, 0, 1)}
        sink.open.set()
        await until(logger, Counts(2, 0, 1))
        logger.request("m", body(b"x" * 1000), CONTEXT)
        await until(logger, Counts(3, 0, 1))


async def test_an_error_of_the_sink_is_counted_and_said_once(sink: SinkServer, caplog: pytest.LogCaptureFixture):
    sink.status = 503
    url = sink.url.replace("//", "//user:secret@") + "x?token=1"
    async with logging_to(url) as logger:
        for _ in range(5):
            logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(0, 5, 0))
        assert list(logger.counts()) == [sink.url + "x"]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == f"request log to {sink.url}x: status 503 (0 sent, 5 failed, 0 dropped)"


async def test_a_sink_that_is_gone_fails_its_events_and_is_tried_for_the_next(sink: SinkServer):
    async with logging_to("http://127.0.0.1:1/") as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(0, 1, 0))
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(0, 2, 0))


async def test_a_hanging_sink_does_not_hold_a_worker_for_ever(sink: SinkServer):
    sink.open.clear()
    async with logging_to(sink.url, limits=Limits(workers=1, delivery_s=0.1)) as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(0, 1, 0))
        sink.open.set()
        logger.request("m", body(b"{}"), CONTEXT)
        await until(logger, Counts(1, 1, 0))


async def test_a_hanging_sink_does_not_hold_up_another(sink: SinkServer):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        nodes = {"slow": NodeLogger(url, True, True), "fast": NodeLogger(sink.url, True, True)}
        async with shipping() as place:
            logger = RequestLogger(nodes, ORIGIN, place, Limits(workers=1, flush_s=0.05))
            for _ in range(3):
                logger.request("slow", body(b"{}"), CONTEXT)
                logger.request("fast", body(b"{}"), CONTEXT)
            async with running(logger):
                await sink.until(3)
    assert logger.counts() == {url: Counts(0, 1, 2), sink.url: Counts(3, 0, 0)}


async def test_the_end_sends_what_waits(sink: SinkServer):
    async with logging_to(sink.url, limits=Limits(workers=1)) as logger:
        for _ in range(20):
            logger.request("m", body(b"{}"), CONTEXT)
    assert logger.counts() == {sink.url: Counts(20, 0, 0)}
    logger.request("m", body(b"{}"), CONTEXT)
    assert logger.counts() == {sink.url: Counts(20, 0, 1)}


async def test_the_end_does_not_wait_for_a_hanging_sink(sink: SinkServer):
    sink.open.clear()
    async with logging_to(sink.url, limits=Limits(workers=1, flush_s=0.1)) as logger:
        for _ in range(3):
            logger.request("m", body(b"{}"), CONTEXT)
        await sink.until(1)
        began = monotonic()
    assert monotonic() - began < 2.0
    assert logger.counts() == {sink.url: Counts(0, 1, 2)}


async def test_a_logger_that_never_ran_can_be_closed(tmp_path: Path):
    await RequestLogger({}, ORIGIN, tmp_path / "s.sock").close()


@pytest.mark.parametrize(
    "packed", [b"no gzip", gzip.compress(b"x" * 1000, mtime=0)[:-9], gzip.compress(b"\0" * (2**25 + 1), mtime=0)]
)
async def test_gzip_that_cannot_be_unpacked_fails_its_event_alone(sink: SinkServer, packed: bytes):
    async with logging_to(sink.url) as logger:
        logger.request("m", body(packed, encoding="gzip"), CONTEXT)
        logger.request("m", body(gzip.compress(b"x"), encoding="gzip"), CONTEXT)
        await until(logger, Counts(1, 1, 0))
    assert [one.body for one in sink.received] == [b"x"]


async def test_a_message_that_cannot_be_written_is_dropped(sink: SinkServer):
    class Unwritable:
        def to_text(self, value: object) -> None:
            raise InvalidPayload("no form for this")

    async with logging_to(sink.url) as logger:
        logger.request("m", Envelope(Unwritable(), "rest", value=object()), CONTEXT)
    assert logger.counts() == {sink.url: Counts(0, 0, 1)}


def test_predictions_for_which_there_is_no_time_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logger_module, "_BURST", 2)
    walls, spent = iter([0.0, 1.0, 1.0, 1.0]), iter([0.0, 1.0])
    monkeypatch.setattr(allowance, "monotonic", lambda: next(walls))
    monkeypatch.setattr(allowance, "thread_time", lambda: next(spent))
    logger = RequestLogger({}, ORIGIN, tmp_path / "s.sock", busy_rate=2)
    assert [logger.admits() for _ in range(3)] == [True, True, False]
    assert logger.unlogged == 1


async def test_while_requests_need_the_time_events_are_sent_little_by_little(
    sink: SinkServer, monkeypatch: pytest.MonkeyPatch
):
    async with logging_to(sink.url, busy_rate=5) as logger:
        with monkeypatch.context() as patch:
            patch.setattr(allowance.Allowance, "is_busy", True)
            for _ in range(100):
                logger.request("m", body(b"{}"), CONTEXT)
            began = monotonic()
            await sink.until(30)
            passed, came = monotonic() - began, len(sink.received)
        assert came <= 25 * (passed / allowance.SLOW_S + 1)  # a quarter of what waits
        assert passed > 0.5
        await until(logger, Counts(100, 0, 0))
