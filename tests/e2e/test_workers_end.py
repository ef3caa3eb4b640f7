"""Workers that end, one alone or all together: what they counted stays, and what others ask is answered."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.crew import Client, crew, load, one_each
from tests.e2e.running import Running, children, wait_until
from tests.e2e.test_workers import answered

from servegraph.serving.server import CLOSE_NOTICE_S

DYING_S = 0.5  # how long a killed process may take to let go of its connections
CLIENTS = 16  # the kernel gives all of them to one of two workers once in 32,768 times


def wait_until_replaced(client: Client, pid: int) -> int:
    """How often the worker in this one's place was started again, as soon as it serves."""
    place = [worker["pid"] for worker in client.ask("/status")[1]["workers"]].index(pid)

    def is_replaced() -> bool:
        worker = client.ask("/status")[1]["workers"][place]
        return bool(worker["ready"] and worker["pid"] != pid)

    wait_until(is_replaced, 20, "nobody took its place")
    restarts: int = client.ask("/status")[1]["workers"][place]["restarts"]
    return restarts


def is_gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@contextmanager
def asking_for(seconds: float, *clients: Client) -> Iterator[list[int | None]]:
    """Requests that take so long are under way; who answered them, at the end."""
    pids: list[int | None] = []

    def ask(client: Client) -> None:
        try:
            pids.append(client.predict(seconds)["tags"]["pid"])
        except OSError:
            pids.append(None)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    try:
        yield pids
    finally:
        for thread in threads:
            thread.join()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Running]:
    with crew(tmp_path, "--no-monitor") as running:
        yield running


def test_killed_worker_costs_what_was_in_flight_in_it_and_is_replaced(both: Running) -> None:
    with one_each(both) as (first, second):
        puid = first.predict()["puid"]
        with load(both, CLIENTS) as seen:
            wait_until(lambda: {one.pid for one in seen} >= {first.pid, second.pid}, 20, "a worker is idle")
            os.kill(first.pid, signal.SIGKILL)
            killed = time.monotonic()
            restarts = wait_until_replaced(second, first.pid)
            replaced = time.monotonic() - killed
            wait_until(lambda: seen[-1].began > killed + 1.0, 20, "nothing goes on")
        failed = [one for one in seen if one.pid is None]

        assert restarts == 1
        assert replaced < 5.0
        assert len(failed) <= CLIENTS
        assert all(one.began <= killed + DYING_S for one in failed), failed
        assert second.reward(puid, 1.0) == 200  # what it predicted is not forgotten
        assert "Traceback" not in both.output


def test_what_a_killed_worker_counted_stays_and_its_successor_goes_on(both: Running) -> None:
    with one_each(both) as (first, second):
        for _ in range(50):
            first.predict()
        counted = answered(second), second.value("calls_total{")
        os.kill(first.pid, signal.SIGKILL)
        assert (answered(second), second.value("calls_total{")) == counted
        wait_until_replaced(second, first.pid)

    with one_each(both) as clients:
        before = answered(clients[0])
        for client in clients:
            for _ in range(50):
                client.predict()
        assert answered(clients[0]) == before + 100
        lines = [line for line in clients[0].ask("/prometheus")[1].splitlines() if line.startswith("calls_total{")]
        ids = {line.partition('worker_id="')[2].partition('"')[0] for line in lines}
        assert ids == {str(first.pid), str(second.pid)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_was_accepted_is_answered_before_the_end(both: Running, number: signal.Signals) -> None:
    workers = children(both.process.pid)
    with load(both, CLIENTS) as seen:
        wait_until(lambda: len({one.pid for one in seen}) == 2, 20, "a worker is idle")
        told = time.monotonic()
        both.process.send_signal(number)
        assert both.process.wait(20) == 0

    # Who asks nothing for so long is not told, and may find its connection closed.
    failed = [one for one in seen if one.pid is None and one.began < told + CLOSE_NOTICE_S]
    assert all("Refused" in one.error or "timed out" in one.error for one in failed), failed
    assert is_gone(workers)
    assert both.output.endswith("stopped\n")


def test_long_requests_are_answered_before_the_end(both: Running) -> None:
    with one_each(both) as (first, second):
        with asking_for(1.0, first, second) as pids:
            both.process.send_signal(signal.SIGTERM)
        assert both.process.wait(20) == 0
        assert sorted(pids, key=str) == sorted([first.pid, second.pid])


def test_second_signal_is_passed_on(both: Running) -> None:
    with one_each(both) as (first, _), asking_for(2.0, first):
        started = time.monotonic()
        both.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        both.process.send_signal(signal.SIGTERM)
        assert both.process.wait(20) == 0
        assert time.monotonic() - started < 10.0


def test_second_signal_does_not_wait_for_a_worker_that_hangs(both: Running) -> None:
    worker = children(both.process.pid)[0]
    os.kill(worker, signal.SIGSTOP)
    started = time.monotonic()
    both.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    both.process.send_signal(signal.SIGTERM)
    assert both.process.wait(20) == 0
    assert time.monotonic() - started < 10.0
    assert is_gone([worker])


def test_workers_end_when_their_parent_is_killed(both: Running) -> None:
    workers = children(both.process.pid)
    assert len(workers) == 2
    both.process.kill()
    wait_until(lambda: is_gone(workers), 5, "a worker lives on")
