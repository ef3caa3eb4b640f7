"""Members start in their order, are waited for together, and end in the opposite order."""

import asyncio
from pathlib import Path

import pytest
from tests.supervisor.children import is_alive, python, until, until_true, writes_its_pid

from servegraph.errors import EnvironmentFault
from servegraph.supervisor import Group, Supervisor

ENDS_SLOWLY = """
import os, signal, sys, time
def end(number, frame):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def quiet(name: str, line: str) -> None:
    pass


async def test_all_are_ready_and_say_so(tmp_path: Path):
    path = tmp_path / "pids"
    group = Group([Supervisor(name, writes_its_pid(path), ready=yes, echo=quiet) for name in "abc"])
    await group.start()
    said: list[str] = []
    await group.until_ready(20, lambda name, seconds: said.append(name))
    assert sorted(said) == ["a", "b", "c"]
    pids = await until(path, 3)
    await group.stop()
    assert [is_alive(pid) for pid in pids] == [False, False, False]


async def test_one_that_fails_is_named_at_once(tmp_path: Path):
    good = Supervisor("good", python("import time; time.sleep(60)"), ready=no, echo=quiet)
    bad = Supervisor("bad", python("print('no model', flush=True); raise SystemExit(1)"), ready=no, echo=quiet)
    group = Group([good, bad])
    await group.start()
    with pytest.raises(EnvironmentFault, match=r"^bad ended before it was ready; it said last:\n  no model$"):
        async with asyncio.timeout(20):
            await group.until_ready(60)
    await group.stop()
    assert good.pid
    assert not is_alive(good.pid)


async def test_the_last_one_is_asked_to_end_first(tmp_path: Path):
    path = tmp_path / "ends"
    up: list[str] = []
    group = Group(
        [
            Supervisor(name, [*python(ENDS_SLOWLY), str(path), name], echo=lambda name, line: up.append(name))
            for name in ("first", "second")
        ]
    )
    await group.start()
    await until_true(lambda: len(up) == 2)
    await group.stop()
    assert sorted(path.read_text().split()) == ["first", "second"]


async def test_a_group_that_did_not_start_can_be_stopped():
    await Group([Supervisor("a", python("pass"))]).stop()
