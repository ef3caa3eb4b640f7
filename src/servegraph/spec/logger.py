"""A node's request logger: what of its traffic is logged, and where it is sent.

Source:
    SeldonDeployment CRD, `graph.logger`: `mode` request, response or all; feedback is logged
    with the responses. Without `url` the executor's REQUEST_LOGGER_DEFAULT_ENDPOINT counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from servegraph.errors import Problem
from servegraph.spec.unit import PredictiveUnit

MODES = ("request", "response", "all")


@dataclass(frozen=True, slots=True)
class NodeLogger:
    """Where a node's messages go, and which of them."""

    url: str
    requests: bool
    responses: bool


def node_loggers(graph: PredictiveUnit, default_url: str = "") -> tuple[dict[str, NodeLogger], list[Problem]]:
    """The loggers of a graph by node name, and what is wrong with the others.

    A logger that cannot work does not keep a graph from being served, so its problem is returned, not raised.
    """
    loggers: dict[str, NodeLogger] = {}
    problems: list[Problem] = []
    for unit in graph.walk():
        said = unit.logger
        if said is None:
            continue
        found = _read(unit.name, said, default_url)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            loggers[unit.name] = found
    return loggers, problems


def _read(node: str, said: Any, default_url: str) -> NodeLogger | Problem:
    where = f"graph node {node!r}, logger"
    if not isinstance(said, Mapping):
        return Problem(where, f"is {type(said).__name__}", "write it as {mode: all, url: http://...}")
    mode, url = said.get("mode"), said.get("url") or default_url
    if mode not in MODES:
        return Problem(where, f"mode is {mode!r}", f"write one of {', '.join(MODES)}")
    if not url:
        return Problem(where, "has no url", "give it one, or set REQUEST_LOGGER_DEFAULT_ENDPOINT")
    if not _is_http(url):
        return Problem(where, f"url {url!r} is no HTTP address", "write http://host:port/path")
    return NodeLogger(url, requests=mode != "response", responses=mode != "request")


def _is_http(url: Any) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except (AttributeError, TypeError, ValueError):
        return False
