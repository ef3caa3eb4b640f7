"""The A/B test: who got what, what came back, and how good it was."""

from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.scope import SCOPE, WINDOW
from servegraph.observe.promql import quantile, rate

ARM = "router, arm"
LEGEND = "{{router}}: {{arm}}"
ASSIGNED = "servegraph_ab_assignments_total"


def _change(metric: str) -> str:
    # Rewards may be negative and so is no counter; with `delta` for both, the same scrapes are
    # compared and a restart (a fall to 0) drops out at `> 0`.
    return f"sum by ({ARM}) (delta({metric}{{{SCOPE}}}[1h]))"


EXPERIMENT = Row(
    "A/B test and feedback",
    (
        Panel(
            "Traffic split",
            "Share of the router's requests by arm, last 5 minutes. Compare with the planned split.",
            (
                Query(
                    f"{rate(ASSIGNED, SCOPE, '5m', ARM)}"
                    f" / on (router) group_left () ({rate(ASSIGNED, SCOPE, '5m', 'router')} > 0)",
                    LEGEND,
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "Mean reward by arm",
            "Of the feedback of the last hour, zero rewards counted. An estimate: a gap is not yet a winner.",
            (
                Query(
                    f"{_change('servegraph_ab_reward_sum')} / ({_change('servegraph_ab_reward_count')} > 0)",
                    LEGEND,
                ),
            ),
        ),
        Panel(
            "Feedback coverage by arm",
            "Feedback per request of the last hour. Arms that differ here cannot be compared by reward.",
            (
                Query(
                    f"{rate('servegraph_ab_feedback_total', SCOPE, '1h', ARM)}"
                    f" / ({rate(ASSIGNED, SCOPE, '1h', ARM)} > 0)",
                    LEGEND,
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "Feedback by result",
            "Per second. Unknown: for a prediction never made here, or too old. Invalid: unusable.",
            (Query(rate("servegraph_feedback_total", SCOPE, WINDOW, "result"), "{{result}}"),),
            unit="reqps",
            width=12,
        ),
        Panel(
            "Feedback delay",
            "9 of 10 joined feedbacks of the last hour came within this time of their prediction.",
            (Query(quantile(0.9, "servegraph_feedback_delay_seconds", SCOPE, "1h"), "p90"),),
            unit="s",
            width=12,
        ),
    ),
)
