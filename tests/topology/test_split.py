"""Each node of a graph in a process of its own answers as all of them in one do."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.topology.cases import CASES, Case
from tests.topology.checking import (
    check_feedback_by_puid,
    check_feedback_reaches_its_way,
    check_grpc,
    check_open_inference,
    check_rest,
    check_router_that_refuses,
)
from tests.topology.graphs import GRAPHS
from tests.topology.processes import Server, ready, run


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("split")
    with ExitStack() as stack:
        begun = {name: stack.enter_context(run(graph, folder, "--split")) for name, graph in GRAPHS.items()}
        yield {name: stack.enter_context(ready(*one, "/ready")) for name, one in begun.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_rest(servers: dict[str, Server], case: Case) -> None:
    check_rest(servers[case.graph], case)


@pytest.mark.parametrize("case", [case for case in CASES if case.call], ids=lambda case: case.name)
def test_over_grpc(servers: dict[str, Server], case: Case) -> None:
    check_grpc(servers[case.graph], case)


def test_router_that_refuses(servers: dict[str, Server]) -> None:
    check_router_that_refuses(servers["line"], elsewhere=True)


def test_feedback_reaches_its_way(servers: dict[str, Server]) -> None:
    check_feedback_reaches_its_way(servers["line"])


def test_feedback_by_puid(servers: dict[str, Server]) -> None:
    check_feedback_by_puid(servers["line"])


def test_open_inference(servers: dict[str, Server]) -> None:
    check_open_inference(servers["fan"])
