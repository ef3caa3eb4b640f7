"""Real monitor processes and running clients, on the event loop that serves requests."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from pathlib import Path

import pytest
import uvloop

from servegraph.monitor.client import MonitorClient

Until = Callable[..., Awaitable[None]]


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def until() -> Until:
    async def wait(condition: Callable[[], bool], seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def start_monitor(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    processes = []

    def start(kind: str = "light") -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("monitor_of_tests.py")
        command = [sys.executable, script, tmp_path / "m.sock", tmp_path / "checkpoint.json", kind]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def busy_rate() -> float:
    return inf


@pytest.fixture
async def client(tmp_path: Path, busy_rate: float):
    client = MonitorClient(tmp_path / "m.sock", ["drift"], capacity=1000, busy_rate=busy_rate)
    running = asyncio.create_task(client.run())
    yield client
    await client.close()
    with contextlib.suppress(asyncio.CancelledError):
        await running
