"""A child that dies is started again, one that cannot be started is tried again, and the end leaves nothing."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from servegraph import supervisor
from servegraph.supervisor import Supervisor


async def until(path: Path, lines: int) -> list[int]:
    """The process ids that the child wrote, once there are so many."""
    async with asyncio.timeout(20):
        while not path.exists() or len(path.read_text().split()) < lines:
            await asyncio.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def child(path: Path) -> list[str]:
    code = f"import os, time; open({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    return [sys.executable, "-c", code]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_child_is_started_again_and_ends_with_stop(tmp_path: Path):
    supervised = Supervisor("the child", child(tmp_path / "pids"))
    await supervised.start()
    (first,) = await until(tmp_path / "pids", 1)
    os.kill(first, 9)
    _, second = await until(tmp_path / "pids", 2)
    await supervised.stop()
    assert (is_alive(first), is_alive(second)) == (False, False)


async def test_a_child_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervisor, "FIRST_DELAY_S", 0.05)
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\nimport os, time\n" + child(tmp_path / "pids")[2].partition("; ")[2])
    program.chmod(0o755)
    supervised = Supervisor("the child", [str(program)])
    await supervised.start()
    (first,) = await until(tmp_path / "pids", 1)
    program.chmod(0o644)
    os.kill(first, 9)
    await asyncio.sleep(0.3)
    program.chmod(0o755)
    await until(tmp_path / "pids", 2)
    await supervised.stop()
