"""The first row, for somebody woken up: is it up, is it failing, is it slow, is it drifting."""

from servegraph.observe.executor import SERVER
from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.drift import STATE, VERDICT_WORDS
from servegraph.observe.panels.scope import SCOPE
from servegraph.observe.promql import PREDICT, failed_requests, quantile, requests, share

NOW = Row(
    "Now",
    (
        Panel(
            "Servers answering",
            "Processes that answered the last scrape. 0: the server is down, or Prometheus cannot reach it.",
            (Query(f"count(servegraph_build_info{{{SCOPE}}}) or vector(0)", "servers"),),
            kind="stat",
            width=6,
            colors=((0.0, "red"), (1.0, "green")),
        ),
        Panel(
            "Failing",
            "Share of the last 5 minutes' predictions that failed here; callers' mistakes are not counted.",
            (Query(share(failed_requests(SCOPE, "5m"), requests(SCOPE, "5m")), "failing"),),
            unit="percentunit",
            kind="stat",
            width=6,
            colors=((0.0, "green"), (0.01, "orange"), (0.05, "red")),
            no_value="no traffic",
        ),
        Panel(
            "Slowest 1 %",
            "99 of 100 predictions of the last 5 minutes were faster than this.",
            (Query(quantile(0.99, SERVER, f"{SCOPE},{PREDICT}", "5m"), "p99"),),
            unit="s",
            kind="stat",
            width=6,
            colors=((0.0, "green"), (0.1, "orange"), (0.5, "red")),
            no_value="no traffic",
        ),
        Panel(
            "Drift",
            "The detector's last word. Blind: nothing can be said; no window yet, or unusable values.",
            (Query(STATE, "{{detector}}"),),
            kind="stat",
            width=6,
            words=VERDICT_WORDS,
            no_value="no detector",
        ),
    ),
)
