"""The shipper's process is late, dies, is stuck, is misused; requests never notice, and every event is counted."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.request_log.sink import ORIGIN, SinkServer, body, logging_to, running, shipping

from servegraph.engine.context import Context
from servegraph.request_log import Counts, Limits, RequestLogger
from servegraph.spec.logger import NodeLogger

CONTEXT = Context("PU")
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a real shipper at `s.sock`."""
    processes = []

    def begin() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "servegraph.cli", "shipper", str(tmp_path / "s.sock"), str(os.getpid())]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
async def logger(tmp_path: Path, sink: SinkServer) -> AsyncIterator[RequestLogger]:
    nodes = {"m": NodeLogger(sink.url, requests=True, responses=True)}
    async with running(RequestLogger(nodes, ORIGIN, tmp_path / "s.sock", Limits(queue=90, workers=10))) as logger:
        yield logger


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def log(logger: RequestLogger, count: int) -> None:
    for _ in range(count):
        logger.request("m", body(b"{}"), CONTEXT)


def counts(logger: RequestLogger) -> Counts:
    (found,) = logger.counts().values()
    return found


async def test_events_wait_for_a_shipper_that_comes_late(logger: RequestLogger, sink: SinkServer, start: Start):
    log(logger, 130)
    assert counts(logger) == Counts(0, 0, 30)
    start()
    await until(lambda: counts(logger) == Counts(100, 0, 30))
    assert len(sink.received) == 100


async def test_what_a_killed_shipper_had_is_counted_and_the_next_one_goes_on(
    logger: RequestLogger, sink: SinkServer, start: Start
):
    first = start()
    sink.open.clear()
    log(logger, 20)
    await sink.until(10)
    first.kill()
    await until(lambda: counts(logger) == Counts(0, 0, 20))
    log(logger, 100)
    assert counts(logger) == Counts(0, 0, 20)
    sink.open.set()
    start()
    await until(lambda: counts(logger) == Counts(100, 0, 20))


async def test_a_shipper_that_is_stuck_costs_what_does_not_fit(logger: RequestLogger, sink: SinkServer, start: Start):
    process = start()
    log(logger, 1)
    await until(lambda: counts(logger) == Counts(1, 0, 0))
    os.kill(process.pid, signal.SIGSTOP)
    log(logger, 250)
    assert counts(logger) == Counts(1, 0, 150)
    os.kill(process.pid, signal.SIGCONT)
    await until(lambda: counts(logger) == Counts(101, 0, 150))


async def test_sigterm_ends_a_shipper_when_its_server_has_ended(logger: RequestLogger, sink: SinkServer, start: Start):
    process = start()
    sink.open.clear()
    log(logger, 30)
    await sink.until(10)
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    sink.open.set()
    await logger.close()
    assert counts(logger) == Counts(30, 0, 0)
    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_a_shipper_lets_others_go_first(logger: RequestLogger, start: Start):
    process = start()
    log(logger, 1)
    await until(lambda: counts(logger) == Counts(1, 0, 0))
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19


async def test_workers_that_share_a_shipper_have_counts_of_their_own(sink: SinkServer):
    nodes = {"m": NodeLogger(sink.url, requests=True, responses=True)}
    async with shipping() as socket:
        one, other = (RequestLogger(nodes, ORIGIN, socket) for _ in range(2))
        async with running(one), running(other):
            log(one, 3)
            log(other, 5)
            await sink.until(8)
    assert (counts(one), counts(other)) == (Counts(3, 0, 0), Counts(5, 0, 0))


async def test_whoever_talks_nonsense_is_cut_off_alone(sink: SinkServer, caplog: pytest.LogCaptureFixture):
    nodes = {"m": NodeLogger(sink.url, requests=True, responses=True)}
    async with shipping() as socket, running(RequestLogger(nodes, ORIGIN, socket)) as logger:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"GET / HTTP/1.1\r\n\r\n" + b"\0" * 8)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        log(logger, 1)
    assert counts(logger) == Counts(1, 0, 0)


async def test_large_bodies_come_as_they_were_between_small_ones(sink: SinkServer):
    bodies = [os.urandom(size) for size in (10, 900_000, 5, 70_000, 0, 1_000_000, 1)]
    async with logging_to(sink.url) as logger:
        for each in bodies:
            logger.request("m", body(each), CONTEXT)
    assert sorted(one.body for one in sink.received) == sorted(bodies)
