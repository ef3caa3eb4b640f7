"""Every node of the graph, as the engine sees it."""

from servegraph.observe.executor import CLIENT
from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.scope import SCOPE, WINDOW
from servegraph.observe.promql import calls, failed_calls, quantile, share

NODE = "model_name"

NODES = Row(
    "Nodes",
    (
        Panel(
            "Calls by node",
            "Calls per second. A node with no line is not reached.",
            (Query(calls(SCOPE, WINDOW, NODE), "{{model_name}}"),),
            unit="reqps",
        ),
        Panel(
            "Failing calls by node",
            "Share of a node's calls that raised; its log lines carry the puid.",
            (
                Query(
                    share(failed_calls(SCOPE, WINDOW, NODE), calls(SCOPE, WINDOW, NODE), NODE),
                    "{{model_name}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "p99 by node",
            "99 of 100 calls were faster. The sum along the path is the least a prediction takes.",
            (Query(quantile(0.99, CLIENT, SCOPE, WINDOW, NODE), "{{model_name}}"),),
            unit="s",
        ),
    ),
)
