"""The monitor is killed, stopped, ended, orphaned; the serving process goes on and counts on."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from servegraph.engine.allowance import PERIOD_S, SLOW_S, Allowance

NAMES = ["a", "b", "c"]


def normal(rows=100):
    return np.random.default_rng(0).normal(size=(rows, 3))


def verdict(client):
    return client.report().detectors["drift"]


async def windows(client, until, count):
    await until(lambda: sum(verdict(client).windows.values()) == count)


async def ended(process, until, seconds):
    await until(lambda: process.poll() is not None, seconds)
    return process.returncode


async def test_killed_monitor_is_found_again_and_its_counts_go_on(client, start_monitor, until):
    first = start_monitor()
    client.offer("drift", normal(230), NAMES)
    await windows(client, until, 2)
    first.kill()
    first.wait()
    await until(lambda: not client.report().connected)
    client.offer("drift", normal(50), NAMES)
    assert client.report().queued == 50
    assert verdict(client).verdict == "ok"
    start_monitor()
    await until(lambda: verdict(client).waiting == 80)
    client.offer("drift", normal(20), NAMES)
    await windows(client, until, 3)
    assert verdict(client).windows == {"ok": 3}
    assert client.report().sent == 300
    assert client.report().dropped == 0


async def test_rows_that_wait_are_saved_within_seconds(client, start_monitor, until, tmp_path):
    start_monitor()
    client.offer("drift", normal(30), NAMES)
    await until(lambda: verdict(client).waiting == 30)
    checkpoint = tmp_path / "checkpoint.json"
    await until(lambda: checkpoint.exists() and b'"waiting":30' in checkpoint.read_bytes(), seconds=4)


async def test_missing_monitor_is_blind_after_five_seconds(client, start_monitor, until):
    first = start_monitor()
    client.offer("drift", normal() + 2, NAMES)
    await windows(client, until, 1)
    assert client.tap("drift").tags()["drift"] == "drift"
    first.kill()
    gone = time.monotonic()
    await until(lambda: verdict(client).verdict == "blind")
    assert 3.5 < time.monotonic() - gone < 6.5
    assert verdict(client).reason == "monitor is not connected"
    assert verdict(client).windows == {"drift": 1}
    assert client.tap("drift").tags() == {"drift": "blind"}
    start_monitor()
    await until(lambda: verdict(client).verdict == "drift")


async def test_full_queue_drops_the_new_rows_and_counts_them(client):
    client.offer("drift", normal(1012), NAMES)
    report = client.report()
    assert (report.queued, report.dropped, report.sent) == (1000, 12, 0)


@pytest.mark.parametrize("busy_rate", [100])
async def test_while_requests_need_the_time_rows_are_sent_little_by_little(client, start_monitor, until, monkeypatch):
    start_monitor()
    await until(lambda: client.report().connected)
    with monkeypatch.context() as patch:
        patch.setattr(Allowance, "is_busy", True)
        client.offer("drift", normal(1000), NAMES)
        began = time.monotonic()
        await until(lambda: client.report().sent >= 150)
        passed, report = time.monotonic() - began, client.report()
    assert report.dropped == 600
    assert report.sent <= 100 * (passed / SLOW_S + 1)
    assert passed > 0.5
    await until(lambda: client.report().sent == 400)


async def test_monitor_killed_in_mid_stream_costs_rows_and_nothing_else(client, start_monitor, until):
    first = start_monitor()
    offered = 0

    async def stream(condition):
        nonlocal offered
        end = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < end
            client.offer("drift", np.random.default_rng(offered).normal(size=(5, 3)), NAMES)
            offered += 5
            await asyncio.sleep(0.005)

    def counted():
        return sum(verdict(client).windows.values())

    await stream(lambda: counted() >= 3)
    first.kill()
    await stream(lambda: not client.report().connected)
    start_monitor()
    before = counted()
    await stream(lambda: client.report().connected and counted() >= before + 3)
    # What the kill may cost: the rows in the socket, and those after the last checkpoint.
    await until(lambda: counted() * 100 + verdict(client).waiting >= offered - client.report().dropped - 300)
    report = client.report()
    assert report.sent + report.queued + report.dropped == offered
    assert counted() * 100 <= report.sent


async def test_stuck_monitor_leads_to_counted_drops_and_to_nothing_else(client, start_monitor, until):
    process = start_monitor()
    await until(lambda: client.report().connected)
    os.kill(process.pid, signal.SIGSTOP)
    stuck, rows = False, normal(1000)
    while not stuck:
        client.offer("drift", rows, NAMES)
        await asyncio.sleep(2 * PERIOD_S)  # more at a time would be refused
        try:
            await until(lambda: client.report().queued == 0, seconds=1)
        except AssertionError:
            stuck = True
    before = client.report()
    assert before.dropped == 0
    assert before.sent < 60_000  # 24 bytes each: the kernel's buffer, and a megabyte of our own
    client.offer("drift", normal(5000), NAMES)
    await until(lambda: verdict(client).reason == "monitor does not answer")
    after = client.report()
    assert (after.sent, after.queued, after.dropped) == (before.sent, 1000, 4000 + before.queued)
    assert not after.connected
    os.kill(process.pid, signal.SIGCONT)
    await until(lambda: client.report().queued == 0 and client.report().connected)


async def test_sigterm_ends_the_monitor_and_keeps_what_waits(client, start_monitor, until, tmp_path):
    process = start_monitor()
    client.offer("drift", normal(130), NAMES)
    await windows(client, until, 1)
    process.terminate()
    assert await ended(process, until, 2) == 0
    assert not (tmp_path / "m.sock").exists()
    start_monitor()
    await until(lambda: client.report().connected)
    await until(lambda: verdict(client).waiting == 30)
    assert verdict(client).windows == {"ok": 1}


async def test_sigint_ends_the_monitor_even_while_a_test_runs(client, start_monitor, until):
    process = start_monitor()
    client.offer("drift", np.full((100, 3), 777.0) + normal().round(), NAMES)
    await until(lambda: client.report().sent == 100 and verdict(client).window == 100)
    client.offer("drift", normal(1), NAMES)
    await until(lambda: verdict(client).waiting == 1)
    process.send_signal(signal.SIGINT)
    assert await ended(process, until, 2) == 0
    assert process.stderr.read() == b""


async def test_orphaned_monitor_ends(until, tmp_path):
    script = Path(__file__).with_name("monitor_of_tests.py")
    command = [sys.executable, str(script), str(tmp_path / "m.sock"), str(tmp_path / "c.json"), "light"]
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess; p = subprocess.Popen({command}); print(p.pid, flush=True); p.wait()",
        ],
        stdout=subprocess.PIPE,
    )
    monitor = int(parent.stdout.readline())
    await until((tmp_path / "m.sock").exists)
    parent.kill()
    parent.communicate()
    await until(lambda: not Path(f"/proc/{monitor}").exists() or state_of(monitor) == "Z", seconds=4)


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


async def test_stale_socket_and_corrupt_checkpoint_are_replaced(client, start_monitor, until, tmp_path):
    first = start_monitor()
    await until(lambda: client.report().connected)
    first.kill()
    first.wait()
    await until(lambda: not client.report().connected)
    assert (tmp_path / "m.sock").exists()
    (tmp_path / "checkpoint.json").write_bytes(b'{"drift": {"state": {"node"')
    second = start_monitor()
    client.offer("drift", normal(), NAMES)
    await windows(client, until, 1)
    second.terminate()
    assert await ended(second, until, 2) == 0
    assert b"cannot be read, counting starts anew" in second.stderr.read()


async def test_monitor_that_cannot_listen_ends_with_the_reason(start_monitor, until, tmp_path):
    (tmp_path / "m.sock").write_text("not a socket")
    process = start_monitor()
    await until(lambda: process.poll() is not None)
    assert (
        process.stderr.read()
        .splitlines()[-1]
        .startswith(b"servegraph.errors.EnvironmentFault: the monitor cannot listen on ")
    )


async def test_client_that_talks_nonsense_is_cut_off_alone(client, start_monitor, until, tmp_path):
    process = start_monitor()
    await until(lambda: client.report().connected)
    reader, writer = await asyncio.open_unix_connection(tmp_path / "m.sock")
    writer.write(b'{"node": "drift", "rows": 3}\n')
    await reader.read()
    writer.close()
    client.offer("drift", normal(), NAMES)
    await windows(client, until, 1)
    process.terminate()
    assert await ended(process, until, 2) == 0
    assert process.stderr.read().startswith(b"a client sent what cannot be understood")


async def test_close_sends_what_waits(client, start_monitor, until):
    start_monitor()
    await until(lambda: client.report().connected)
    client.offer("drift", normal(70), NAMES)
    await client.close()
    assert client.report().sent == 70
    assert not client.report().connected
