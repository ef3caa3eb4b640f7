"""The monitor's own health, and which artifacts answer."""

from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.scope import SCOPE, WINDOW
from servegraph.observe.promql import rate

MONITOR = Row(
    "Monitor and versions",
    (
        Panel(
            "Monitor",
            "The process that tests for drift. Predictions go on without it.",
            (Query(f"min(servegraph_monitor_up{{{SCOPE}}})", "monitor"),),
            kind="stat",
            width=4,
            words={0: ("down", "red"), 1: ("up", "green")},
            no_value="no monitor",
        ),
        Panel(
            "Rows waiting",
            "Queued: not yet sent to the monitor. By detector: in the window that is being filled.",
            (
                Query(f"sum(servegraph_monitor_queue_rows{{{SCOPE}}})", "queued"),
                Query(f"sum by (detector) (servegraph_drift_rows_waiting{{{SCOPE}}})", "{{detector}}"),
            ),
            width=5,
        ),
        Panel(
            "Rows to the monitor",
            "Per second. Dropped rows were never looked at; drift may hide among them.",
            (
                Query(rate("servegraph_monitor_sent_rows_total", SCOPE, WINDOW), "sent"),
                Query(rate("servegraph_monitor_dropped_rows_total", SCOPE, WINDOW), "dropped"),
            ),
            unit="cps",
            width=5,
        ),
        Panel(
            "Artifacts that answer",
            "What each node has loaded. Two versions of a node: a rollout is under way or stuck.",
            (
                Query(
                    f"count by (node, artifact, version, digest) (servegraph_artifact_info{{{SCOPE}}})",
                    "{{node}} {{artifact}} {{version}} {{digest}}",
                ),
            ),
            kind="table",
            width=10,
        ),
    ),
)
