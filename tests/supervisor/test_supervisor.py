"""A child that dies is started again, one that cannot be started is tried again, and the end leaves nothing."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from tests.supervisor.children import is_alive, kill, python, until, until_true, writes_its_pid

from servegraph.errors import EnvironmentFault
from servegraph.supervisor import Backoff, PortReserve, Ready, Supervisor, supervisor

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def accepts(port: int) -> Ready:
    async def ask() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return ask


async def test_a_killed_child_is_started_again_and_ends_with_stop(tmp_path: Path):
    supervised = Supervisor("the child", writes_its_pid(tmp_path / "pids"))
    await supervised.start()
    (first,) = await until(tmp_path / "pids", 1)
    kill(first)
    _, second = await until(tmp_path / "pids", 2)
    assert (supervised.restarts, supervised.pid) == (1, second)
    await supervised.stop()
    assert (is_alive(first), is_alive(second)) == (False, False)


async def test_a_child_that_cannot_be_started_is_tried_again(tmp_path: Path):
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n" + writes_its_pid(tmp_path / "pids")[-1])
    program.chmod(0o755)
    supervised = Supervisor("the child", [str(program)], backoff=Backoff(first_s=0.02, longest_s=0.02))
    await supervised.start()
    (first,) = await until(tmp_path / "pids", 1)
    program.chmod(0o644)
    kill(first)
    await until_true(lambda: supervised.restarts > 2)
    program.chmod(0o755)
    await until(tmp_path / "pids", 2)
    await supervised.stop()


async def test_a_folder_that_is_gone_for_a_while_is_tried_again(tmp_path: Path):
    folder, moved = tmp_path / "folder", tmp_path / "moved"
    folder.mkdir()
    backoff = Backoff(first_s=0.02, longest_s=0.02)
    supervised = Supervisor("the child", writes_its_pid(tmp_path / "pids"), folder=folder, backoff=backoff)
    await supervised.start()
    (first,) = await until(tmp_path / "pids", 1)
    folder.rename(moved)
    kill(first)
    await until_true(lambda: not is_alive(first))
    moved.rename(folder)
    await until(tmp_path / "pids", 2)
    await supervised.stop()


async def test_a_server_is_whole_again_within_three_seconds_of_its_death():
    reserve = PortReserve()
    port = reserve.take()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    supervised = Supervisor("server", command, ready=accepts(port))
    await supervised.start()
    await supervised.until_ready(20)
    assert supervised.pid
    killed = monotonic()
    kill(supervised.pid)
    await until_true(lambda: not supervised.is_ready)
    await until_true(lambda: supervised.is_ready)
    assert monotonic() - killed < 3
    await supervised.stop()
    reserve.close()


@pytest.mark.parametrize(("stable_s", "delays"), [(30.0, [0.01, 0.02, 0.04, 0.04]), (0.0, [0.01, 0.01, 0.01, 0.01])])
async def test_delays_double_and_start_anew_after_a_stable_life(
    stable_s: float, delays: list[float], caplog: pytest.LogCaptureFixture
):
    supervised = Supervisor("the child", python("pass"), backoff=Backoff(0.01, 0.04, stable_s))
    await supervised.start()
    await until_true(lambda: supervised.restarts >= 4)
    await supervised.stop()
    records = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.args[2] for record in records][:4] == delays


async def test_a_child_that_ends_before_it_is_ready_is_a_fault_with_its_last_lines():
    async def never() -> bool:
        return False

    code = "print('line of no interest\\n' * 30 + 'no such model', flush=True); raise SystemExit(3)"
    supervised = Supervisor("node 'm'", python(code), ready=never, echo=lambda name, line: None)
    await supervised.start()
    with pytest.raises(EnvironmentFault) as failed:
        await supervised.until_ready(20)
    lines = str(failed.value).splitlines()
    assert lines[0] == "node 'm' ended before it was ready; it said last:"
    assert (len(lines), lines[-1]) == (21, "  no such model")
    assert supervised.restarts == 0
    await supervised.stop()


async def test_a_child_that_is_never_ready_is_a_fault():
    async def never() -> bool:
        return False

    supervised = Supervisor("node 'm'", python("import time; time.sleep(60)"), ready=never)
    await supervised.start()
    with pytest.raises(EnvironmentFault, match=r"^node 'm' is not ready after 0.2 s and said nothing$"):
        await supervised.until_ready(0.2)
    await supervised.stop()


async def test_a_child_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervisor, "ALONE_S", 0.1)
    monkeypatch.setattr(supervisor, "END_S", 0.1)
    said: list[str] = []
    supervised = Supervisor("stubborn", python(STUBBORN), echo=lambda name, line: said.append(line))
    await supervised.start()
    await until_true(lambda: said == ["up"])
    assert supervised.pid
    await supervised.stop()
    assert not is_alive(supervised.pid)


async def test_a_child_that_waits_for_its_own_child_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervisor, "ALONE_S", 0.1)
    ignores = "import signal, subprocess; signal.signal(15, lambda *_: None); "
    supervised = Supervisor("the child", python(f"{ignores}subprocess.run({writes_its_pid(tmp_path / 'pids')!r})"))
    await supervised.start()
    (grandchild,) = await until(tmp_path / "pids", 1)
    async with asyncio.timeout(3):
        await supervised.stop()
    await until_true(lambda: not is_alive(grandchild))


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_the_processes_of_a_child_end_with_it(tmp_path: Path, end: str):
    code = f"import subprocess, time; subprocess.run({writes_its_pid(tmp_path / 'pids')!r}); time.sleep(60)"
    supervised = Supervisor("the child", python(code))
    await supervised.start()
    (grandchild,) = await until(tmp_path / "pids", 1)
    if end == "kill":
        assert supervised.pid
        kill(supervised.pid)
        await until(tmp_path / "pids", 2)
    await supervised.stop()
    await until_true(lambda: not is_alive(grandchild))


async def test_stop_ends_the_wait_for_the_next_start():
    supervised = Supervisor("short", python("pass"), backoff=Backoff(first_s=50))
    await supervised.start()
    await until_true(lambda: not is_alive(supervised.pid))
    async with asyncio.timeout(2):
        await supervised.stop()


async def test_a_child_that_was_never_started_can_be_stopped():
    await Supervisor("the child", python("pass")).stop()


@pytest.mark.parametrize(
    "option", [None, socket.SO_REUSEADDR, socket.SO_REUSEPORT], ids=["nothing", "SO_REUSEADDR", "SO_REUSEPORT"]
)
def test_a_held_port_can_be_had_by_servers_only(option: int | None):
    reserve = PortReserve()
    port = reserve.take()

    def serve() -> None:
        with socket.socket() as server:
            if option is not None:
                server.setsockopt(socket.SOL_SOCKET, option, 1)
            server.bind(("0.0.0.0", port))
            server.listen()
            with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
                pass

    _expect(serve, fails=option is None)
    reserve.close()


def _expect(what: Callable[[], None], fails: bool) -> None:
    if fails:
        with pytest.raises(OSError, match="Address already in use"):
            what()
    else:
        what()
