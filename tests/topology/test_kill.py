"""Kill a node's process under load: what was in flight at it fails, nothing else does, and it comes back."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from tests.e2e.running import wait_until
from tests.topology.asking import PREDICTIONS, Told, rest, rpc
from tests.topology.cases import ARRAY, asking
from tests.topology.graphs import FORK
from tests.topology.load import Exchange, load
from tests.topology.processes import Server, ready, run

CLIENTS = [asking(choose=number % 2) for number in range(8)]
WHOLE_S = 3.0
DYING_S = 0.5  # how long a killed process may take to let go of its connections


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run(FORK, tmp_path_factory.mktemp("fork"), "--split") as begun, ready(*begun, "/ready") as server:
        yield server


def limit(server: Server, node: str) -> float:
    """Seconds to be whole again; on a machine too busy to start a process so fast, one more than the start took."""
    started = re.findall(f"node '{node}' is ready again, after ([0-9.]+) s", server.process.output)
    return max(WHOLE_S, float(started[-1]) + 1.0)


def kill(server: Server, node: str) -> float:
    """When it was killed, or just before: a client may learn of it before we come back from the call."""
    process = server.process.nodes()[node]
    killed = time.monotonic()
    os.kill(process, signal.SIGKILL)
    return killed


def check_error(told: Told) -> None:
    """It has a fitting status, and the executor's body or a sentence."""
    if isinstance(told.status, str):
        assert told.status == "UNAVAILABLE"
        assert told.body.startswith("connection error: desc = ")
    else:
        assert told.status in (500, 503, 504)
        assert told.type == "application/json"
        assert told.body["status"]["code"] == 500
        assert told.body["status"]["status"] == "FAILURE"
        assert told.body["status"]["info"].startswith('Post "http://127.0.0.1:')


@pytest.mark.parametrize(("transport", "node", "branch"), [("rest", "left", 0), ("grpc", "right", 1)])
def test_killed_model_fails_what_was_in_flight_and_nothing_else(
    fork: Server, transport: Literal["rest", "grpc"], node: str, branch: int
) -> None:
    long: list[Told] = []
    request = asking(choose=branch, **{node: ["wait", 15.0]})
    ask = {"rest": lambda: rest(fork, PREDICTIONS, request), "grpc": lambda: rpc(fork, "Predict", request)}[transport]
    with load(fork, transport, CLIENTS) as seen:
        wait_until(lambda: all(len(seen.good(one, 0.0)) > 20 for one in (0, 1)), 20, "no load")
        waiting = threading.Thread(target=lambda: long.append(ask()))
        waiting.start()
        wait_until(lambda: not seen.good(branch, time.monotonic() - 0.3), 20, "the node does something else")
        killed = kill(fork, node)
        wait_until(lambda: bool(seen.good(branch, killed)), 30, "it is not back")
        wait_until(lambda: len(seen.good(1 - branch, killed)) > 20, 20, "the other branch is dead")
        waiting.join()
    whole = seen.good(branch, killed)[0].ended - killed

    check_error(long[0])
    for one in seen.failed:
        check_error(one.told)
        assert was_in_flight(one, branch, killed), one
    assert len(seen.failed) <= 4  # the clients of that branch
    assert whole < limit(fork, node)


def was_in_flight(one: Exchange, branch: int, killed: float) -> bool:
    return one.branch == branch and one.began < killed + DYING_S and killed <= one.ended < killed + 2 * DYING_S


def test_killed_router_fails_at_most_one_request_of_each_client(fork: Server) -> None:
    with load(fork, "rest", CLIENTS) as seen:
        wait_until(lambda: len(seen.exchanges) > 100, 20, "no load")
        killed = kill(fork, "choose")
        wait_until(lambda: all(len(seen.good(one, killed)) > 20 for one in (0, 1)), 30, "it is not back")
    whole = min(one.ended for branch in (0, 1) for one in seen.good(branch, killed + DYING_S)) - killed

    for one in seen.failed:
        check_error(one.told)
        assert was_in_flight(one, one.branch, killed), one
    assert len(seen.failed) <= len(CLIENTS)
    assert whole < limit(fork, "choose")


def test_feedback_waits_for_a_node_that_starts_again(fork: Server) -> None:
    ended = fork.process.output.count("node 'left' ended")
    kill(fork, "left")
    wait_until(lambda: fork.process.output.count("node 'left' ended") > ended, 5, "nobody noticed")

    assert rest(fork, "/api/v1.0/feedback", {"request": ARRAY, "reward": 1.0}).status == 200
    assert rest(fork, "/api/v1.0/status/left").body["jsonData"]["heard"][-1] == [
        1.0,
        [[1.0, 2.0], [3.5, 4.0]],
        [],
        None,
    ]
