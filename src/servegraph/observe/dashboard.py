"""The Grafana dashboard of one deployment."""

from typing import Any

from servegraph.observe.grafana import DATASOURCE, lay_out
from servegraph.observe.panels.drift import DRIFT
from servegraph.observe.panels.experiment import EXPERIMENT
from servegraph.observe.panels.graph import GRAPH
from servegraph.observe.panels.monitor import MONITOR
from servegraph.observe.panels.nodes import NODES
from servegraph.observe.panels.now import NOW

LONGEST_UID = 40  # Grafana's limit


def dashboard(deployment: str) -> dict[str, Any]:
    """Grafana's JSON model; the deployment is only the first choice of a variable."""
    return {
        "uid": f"servegraph-{deployment}"[:LONGEST_UID],
        "title": f"servegraph: {deployment}",
        "description": "Is it up, is it failing, is it slow, is it drifting; below, where.",
        "tags": ["seldon", "servegraph"],
        "schemaVersion": 42,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": _variables(deployment)},
        "panels": lay_out((NOW, GRAPH, NODES, EXPERIMENT, DRIFT, MONITOR)),
    }


def _variables(deployment: str) -> list[dict[str, Any]]:
    datasource = {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}
    chosen = {"text": deployment, "value": deployment}
    predictors = 'label_values(servegraph_build_info{deployment_name="$deployment_name"}, predictor_name)'
    return [
        datasource,
        _choice("deployment_name", "label_values(servegraph_build_info, deployment_name)", chosen),
        {
            **_choice("predictor_name", predictors, {"text": "All", "value": "$__all"}),
            "includeAll": True,
            "allValue": ".*",
        },
    ]


def _choice(name: str, query: str, current: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": name.removesuffix("_name").capitalize(),
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "current": current,
    }
