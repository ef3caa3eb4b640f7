"""A node's logger says what is logged and where to; one that cannot work is a problem, not a crash."""

from typing import Any

import pytest

from servegraph.spec import PredictiveUnit
from servegraph.spec.logger import NodeLogger, node_loggers


def graph(logger: Any, child: Any = None) -> PredictiveUnit:
    children = [{"name": "b", "type": "MODEL", "logger": child}] if child else []
    return PredictiveUnit.model_validate({"name": "a", "type": "MODEL", "logger": logger, "children": children})


@pytest.mark.parametrize(
    ("mode", "requests", "responses"), [("request", True, False), ("response", False, True), ("all", True, True)]
)
def test_the_mode_says_what_is_logged(mode: str, requests: bool, responses: bool):
    found = node_loggers(graph({"mode": mode, "url": "http://sink:80/x"}))
    assert found == ({"a": NodeLogger("http://sink:80/x", requests, responses)}, [])


def test_a_logger_without_url_sends_to_the_default():
    loggers, _ = node_loggers(graph({"mode": "all"}, {"mode": "all", "url": "https://own"}), "http://default-broker")
    assert [logger.url for logger in loggers.values()] == ["http://default-broker", "https://own"]


def test_a_graph_without_loggers_has_none():
    assert node_loggers(graph(None), "http://default-broker") == ({}, [])


@pytest.mark.parametrize(
    ("logger", "what"),
    [
        ("all", "is str"),
        ({"url": "http://sink"}, "mode is None"),
        ({"url": "http://sink", "mode": "ALL"}, "mode is 'ALL'"),
        ({"mode": "all"}, "has no url"),
        ({"mode": "all", "url": "sink:80"}, "url 'sink:80' is no HTTP address"),
        ({"mode": "all", "url": "http://"}, "url 'http://' is no HTTP address"),
        ({"mode": "all", "url": "http://sink:99999"}, "url 'http://sink:99999' is no HTTP address"),
        ({"mode": "all", "url": "http://ü..x"}, "url 'http://ü..x' is no HTTP address"),
        ({"mode": "all", "url": 5}, "url 5 is no HTTP address"),
    ],
)
def test_a_logger_that_cannot_work_is_a_problem_of_its_node(logger: Any, what: str):
    loggers, (problem,) = node_loggers(graph(logger, {"mode": "all", "url": "http://sink"}))
    assert list(loggers) == ["b"]
    assert (problem.where, problem.what) == ("graph node 'a', logger", what)
