"""Component servers that somebody else started, behind `servegraph executor` and behind `servegraph run`."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.topology.cases import CASES, Case, of
from tests.topology.checking import (
    check_feedback_by_puid,
    check_feedback_reaches_its_way,
    check_grpc,
    check_rest,
    check_router_that_refuses,
)
from tests.topology.graphs import GRAPHS, LINE
from tests.topology.processes import OURS, Server, components, executor, ready, run

RUN = "line, by run"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """The graphs share the components of the same names."""
    folder = tmp_path_factory.mktemp("remote")
    nodes = {node.name: node for graph in GRAPHS.values() for node in graph.components}
    with ExitStack() as stack:
        there = stack.enter_context(components(list(nodes.values()), folder, OURS))
        addresses = {name: server.address for name, server in there.items()}
        begun = {name: stack.enter_context(executor(graph, folder, addresses)) for name, graph in GRAPHS.items()}
        begun[RUN] = stack.enter_context(run(LINE, folder, addresses=addresses))
        yield {name: stack.enter_context(ready(*one, "/ready")) for name, one in begun.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_rest(servers: dict[str, Server], case: Case) -> None:
    check_rest(servers[case.graph], case)


@pytest.mark.parametrize("case", [case for case in CASES if case.call], ids=lambda case: case.name)
def test_over_grpc(servers: dict[str, Server], case: Case) -> None:
    check_grpc(servers[case.graph], case)


@pytest.mark.parametrize("case", of({"line"}), ids=lambda case: case.name)
def test_run_over_rest(servers: dict[str, Server], case: Case) -> None:
    check_rest(servers[RUN], case)


@pytest.mark.parametrize("case", [case for case in of({"line"}) if case.call], ids=lambda case: case.name)
def test_run_over_grpc(servers: dict[str, Server], case: Case) -> None:
    check_grpc(servers[RUN], case)


@pytest.mark.parametrize("name", ["line", RUN])
def test_router_that_refuses(servers: dict[str, Server], name: str) -> None:
    check_router_that_refuses(servers[name], elsewhere=True)


@pytest.mark.parametrize("name", ["line", RUN])
def test_feedback_reaches_its_way(servers: dict[str, Server], name: str) -> None:
    check_feedback_reaches_its_way(servers[name])


def test_feedback_by_puid(servers: dict[str, Server]) -> None:
    check_feedback_by_puid(servers[RUN])
