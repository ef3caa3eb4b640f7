"""A child never outlives the process that supervises it, however that one ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.supervisor.children import is_alive, until, until_true, writes_its_pid

from servegraph.supervisor import tether

PARENT = """
import asyncio, sys
from servegraph.supervisor import Supervisor
async def main():
    supervised = Supervisor("the child", sys.argv[1:])
    await supervised.start()
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_child_ends_with_its_killed_parent(tmp_path: Path, number: signal.Signals):
    ignores = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    command = [sys.executable, "-c", PARENT, *writes_its_pid(tmp_path / "pids", ignores)]
    with subprocess.Popen(command) as parent:
        (child,) = await until(tmp_path / "pids", 1)
        parent.send_signal(number)
    await until_true(lambda: not is_alive(child))


def test_a_program_that_is_not_there_is_said():
    command = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), "/no/such/program"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (1, "/no/such/program cannot be run: No such file or directory\n")


def test_a_child_whose_parent_is_gone_does_not_begin(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-I", "-S", tether.__file__, "1", *writes_its_pid(tmp_path / "pids")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (1, "the parent ended before its child began\n")
    assert not (tmp_path / "pids").exists()
