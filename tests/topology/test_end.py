"""The end of a split graph leaves no process, whoever asks for it, and whichever server its nodes have."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.e2e.running import wait_until
from tests.topology.graphs import ALONE
from tests.topology.processes import Server, ready, run

WAYS = [("servegraph", signal.SIGTERM), ("servegraph", signal.SIGKILL), ("seldon-core", signal.SIGKILL)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], Server]]:
    with ExitStack() as stack:
        folders = {way: tmp_path_factory.mktemp("end") for way in WAYS}
        begun = {way: stack.enter_context(run(ALONE, folders[way], "--split", "--server", way[0])) for way in WAYS}
        yield {way: stack.enter_context(ready(*one, "/ready")) for way, one in begun.items()}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1].name}")
def test_no_process_is_left(servers: dict[tuple[str, int], Server], way: tuple[str, signal.Signals]) -> None:
    process = servers[way].process
    assert len(process.alive) >= 2
    code = process.end(way[1])

    assert code == (0 if way[1] is signal.SIGTERM else -9)
    wait_until(lambda: not process.alive, 5, "a process is left")
    assert "Traceback" not in process.output
