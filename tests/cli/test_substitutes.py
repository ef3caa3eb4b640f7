"""`--stub` and `--remote` as they are written."""

from typing import Any

import pytest

from servegraph.cli.substitutes import Substitutes
from servegraph.errors import ConfigurationError
from servegraph.spec import PredictorSpec


def predictor(name: str, *nodes: str, **graph: Any) -> PredictorSpec:
    children = [{"name": node, "type": "MODEL"} for node in nodes]
    return PredictorSpec.model_validate({"name": name, "graph": {"name": "top", "children": children, **graph}})


MAIN, CANARY = predictor("main", "one", "two"), predictor("canary", "one")


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (
            "http://10.0.0.7:9000",
            {"service_host": "10.0.0.7", "service_port": 9000, "httpPort": 9000, "type": "REST"},
        ),
        ("grpc://models:9500/", {"service_host": "models", "service_port": 9500, "grpcPort": 9500, "type": "GRPC"}),
        ("http://[::1]:9000", {"service_host": "::1", "service_port": 9000, "httpPort": 9000, "type": "REST"}),
    ],
)
def test_remote_node_gets_an_endpoint(url: str, endpoint: dict[str, Any]) -> None:
    found = Substitutes.of([], [f"two={url}"]).applied(MAIN)

    assert [unit.endpoint for unit in found.graph.walk()] == [None, None, endpoint]
    assert MAIN.graph.children[1].endpoint is None


def test_node_is_meant_in_every_predictor_or_in_one() -> None:
    everywhere, once = Substitutes.of(["one"], []), Substitutes.of(["canary/one"], [])

    assert (everywhere.is_stub(MAIN, "one"), everywhere.is_stub(CANARY, "one")) == (True, True)
    assert (once.is_stub(MAIN, "one"), once.is_stub(CANARY, "one")) == (False, True)
    once.check([MAIN, CANARY])


@pytest.mark.parametrize("text", ["one", "one=", "=http://a:1", "one=http://a", "one=https://a:1", "one=a:1"])
def test_remote_without_an_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="that is no node and an address") as refused:
        Substitutes.of([], [text])
    assert refused.value.hint == "write --remote NODE=http://host:port or --remote NODE=grpc://host:port"


def test_remote_with_an_impossible_port_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Port out of range"):
        Substitutes.of([], ["one=http://a:99999"])


def test_unknown_node_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there is no node 'three'") as refused:
        Substitutes.of(["three"], []).check([MAIN, CANARY])
    assert refused.value.hint == "the nodes are: top, one, two"


def test_node_cannot_be_both() -> None:
    with pytest.raises(ConfigurationError, match="node 'one' cannot be a stub and remote"):
        Substitutes.of(["one"], ["one=http://a:1"])


def test_built_in_node_needs_no_stub() -> None:
    abtest = predictor("main", "one", "two", implementation="RANDOM_ABTEST")
    with pytest.raises(ConfigurationError, match="node 'top' is built in"):
        Substitutes.of(["top"], []).check([abtest])
