"""The graph as its callers see it, by REST and by gRPC."""

from servegraph.observe.executor import SERVER
from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.scope import SCOPE, WINDOW
from servegraph.observe.promql import PREDICT, failed_requests, quantile, rate, requests, share

GRAPH = Row(
    "Graph",
    (
        Panel(
            "Requests",
            "Answers per second, by service: predictions and feedback are REST, the slashed names gRPC.",
            (Query(rate(f"{SERVER}_count", SCOPE, WINDOW, "service"), "{{service}}"),),
            unit="reqps",
            width=6,
        ),
        Panel(
            "Failing predictions",
            "Share that failed here, by service. Look at the nodes below for the one that fails.",
            (
                Query(
                    share(
                        failed_requests(SCOPE, WINDOW, "service"),
                        requests(SCOPE, WINDOW, "service"),
                        "service",
                    ),
                    "{{service}}",
                ),
            ),
            unit="percentunit",
            width=6,
        ),
        Panel(
            "Prediction time",
            "Half are faster than p50, 99 of 100 faster than p99. Steps below 0.5 ms are not told apart.",
            tuple(
                Query(
                    quantile(q, SERVER, f"{SCOPE},{PREDICT}", WINDOW, "service"),
                    f"p{q * 100:.0f} {{{{service}}}}",
                )
                for q in (0.5, 0.99)
            ),
            unit="s",
            width=6,
        ),
        Panel(
            "Answers by code",
            "Per second, all services. 4xx, InvalidArgument and NotFound are callers' mistakes.",
            (Query(rate(f"{SERVER}_count", SCOPE, WINDOW, "code"), "{{code}}"),),
            unit="reqps",
            width=6,
        ),
    ),
)
