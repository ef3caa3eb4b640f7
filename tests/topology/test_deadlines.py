"""Deadlines of a manifest's annotations, of a caller, and of one who hangs up, in a split graph."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from tests.e2e.running import wait_until
from tests.topology.asking import PREDICTIONS, Told, rest, rpc
from tests.topology.cases import ARRAY, asking
from tests.topology.graphs import CHAIN
from tests.topology.processes import Server, ready, run

LIMIT_S = 0.8
LIMITS = {"seldon.io/rest-timeout": "800", "seldon.io/grpc-timeout": "800"}
TOO_LONG = asking(left=["wait", 1.3])
TOO_LONG_TOGETHER = asking(**{"pass": ["wait", 0.5], "left": ["wait", 0.5]})


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("chain")
    with run(CHAIN, folder, "--split", annotations=LIMITS) as begun, ready(*begun, "/ready") as server:
        yield server


@pytest.fixture(autouse=True)
def _free(chain: Server) -> None:
    """Until the node is done with what nobody waits for any more."""
    wait_until(lambda: rest(chain, PREDICTIONS, ARRAY).status == 200, 10, "the graph is not free")


def calls_of_the_last_node(chain: Server) -> int:
    page = rest(chain, "/prometheus").body
    name = "seldon_api_executor_client_requests_seconds_count"
    lines = [line for line in page.splitlines() if line.startswith(name) and 'model_name="whole"' in line]
    return sum(int(float(re.split(r"\s", line)[-1])) for line in lines)


def timed(chain: Server, transport: str, request: dict[str, object]) -> tuple[Told, float]:
    began = time.monotonic()
    told = rest(chain, PREDICTIONS, request) if transport == "rest" else rpc(chain, "Predict", request)
    return told, time.monotonic() - began


@pytest.mark.parametrize("request_", [TOO_LONG, TOO_LONG_TOGETHER], ids=["one node", "all nodes together"])
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_annotation_ends_a_request_in_time(chain: Server, transport: str, request_: dict[str, object]) -> None:
    before = calls_of_the_last_node(chain)
    told, seconds = timed(chain, transport, request_)

    if transport == "rest":
        assert told.status == 504
        assert told.type == "application/json"
        assert told.body["status"].pop("info").endswith("context deadline exceeded")
        assert told.body == {"status": {"code": 500, "status": "FAILURE"}}
    else:
        assert told == Told("DEADLINE_EXCEEDED", "context deadline exceeded")
    assert LIMIT_S - 0.1 < seconds < LIMIT_S + 0.4
    assert calls_of_the_last_node(chain) == before


def test_callers_own_deadline_counts(chain: Server) -> None:
    before = calls_of_the_last_node(chain)
    told = rpc(chain, "Predict", asking(left=["wait", 0.6]), timeout=0.3)

    assert told.status == "DEADLINE_EXCEEDED"
    assert rest(chain, PREDICTIONS, ARRAY).status == 200
    assert calls_of_the_last_node(chain) == before + 1


def test_client_that_hangs_up_ends_the_work(chain: Server) -> None:
    before = calls_of_the_last_node(chain)
    connection = chain.http()
    connection.request(
        "POST", PREDICTIONS, json.dumps(asking(left=["wait", 0.6])), {"Content-Type": "application/json"}
    )
    wait_until(lambda: rest(chain, "/api/v1.0/metadata/pass").status == 200, 5, "the graph hears nothing")
    time.sleep(0.1)  # so that the node works on it
    connection.close()

    assert rest(chain, PREDICTIONS, ARRAY).status == 200  # it waits for the node to be done
    assert calls_of_the_last_node(chain) == before + 1
