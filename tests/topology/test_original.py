"""Nodes under Seldon's own component server: behind `servegraph executor`, and started by `run --split`.

What is different is what Seldon's server is known for: no `tftensor` without TensorFlow, a method
called twice after a TypeError, and empty gRPC errors.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.topology.cases import Case, of
from tests.topology.checking import (
    check_feedback_reaches_its_way,
    check_grpc,
    check_rest,
    check_router_that_refuses,
)
from tests.topology.graphs import CHAIN, GRAPHS
from tests.topology.processes import ORIGINAL, Server, components, executor, ready, run

BEHIND = ("line", "fan")
CASES = of({*BEHIND, "chain"}, original=True)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("original")
    nodes = {node.name: node for name in BEHIND for node in GRAPHS[name].components}
    with ExitStack() as stack:
        begun = {"chain": stack.enter_context(run(CHAIN, folder, "--split", "--server", "seldon-core"))}
        there = stack.enter_context(components(list(nodes.values()), folder, ORIGINAL))
        addresses = {name: server.address for name, server in there.items()}
        begun |= {name: stack.enter_context(executor(GRAPHS[name], folder, addresses)) for name in BEHIND}
        yield {name: stack.enter_context(ready(*one, "/ready")) for name, one in begun.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_rest(servers: dict[str, Server], case: Case) -> None:
    check_rest(servers[case.graph], case)


@pytest.mark.parametrize("case", [case for case in CASES if case.call], ids=lambda case: case.name)
def test_over_grpc(servers: dict[str, Server], case: Case) -> None:
    check_grpc(servers[case.graph], case, original=True)


def test_router_that_refuses(servers: dict[str, Server]) -> None:
    check_router_that_refuses(servers["line"], elsewhere=True)


def test_feedback_reaches_its_way(servers: dict[str, Server]) -> None:
    """Over REST only: what its gRPC process heard, its REST process does not know."""
    check_feedback_reaches_its_way(servers["line"], over_grpc=False)
