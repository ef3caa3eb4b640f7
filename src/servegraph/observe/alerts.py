"""Alert rules of one deployment. Each says what it means and what to do first.

`page` wakes somebody, `ticket` waits for the morning.
"""

from dataclasses import dataclass
from typing import Any

from servegraph.observe.executor import CLIENT
from servegraph.observe.promql import calls, failed_requests, quantile, requests

OBJECTIVE = 0.99  # of predictions succeed, over a month
FAST_BURN = 14.4  # at this pace a month's failures are used up in two days
NODE_SECONDS = 0.25
BUSY = 0.1  # requests per second; with fewer, shares and silences mean little
PREDICTOR = "deployment_name, predictor_name"
DETECTOR = f"{PREDICTOR}, detector"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule; `lasting` is how long `expr` must hold before it fires."""

    name: str
    severity: str
    lasting: str
    expr: str
    summary: str
    description: str

    def as_rule(self) -> dict[str, Any]:
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "description": self.description},
        }


def alert_rules(deployment: str) -> dict[str, Any]:
    """The rule file as Prometheus reads it."""
    scope = f'deployment_name="{deployment}"'
    alerts = (*_serving(deployment, scope), *_drift(scope), *_monitor(scope), _feedback_gap(scope))
    return {"groups": [{"name": f"servegraph-{deployment}", "rules": [alert.as_rule() for alert in alerts]}]}


def _serving(deployment: str, scope: str) -> tuple[Alert, ...]:
    limit = round(FAST_BURN * (1 - OBJECTIVE), 4)
    windows = [
        f"{failed_requests(scope, window, PREDICTOR)} / {requests(scope, window, PREDICTOR)} > {limit}"
        for window in ("5m", "1h")
    ]
    node = f"{PREDICTOR}, model_name"
    return (
        Alert(
            "TargetAbsent",
            "page",
            "1m",
            f"absent(servegraph_build_info{{{scope}}})",
            f"No server of {deployment} answers Prometheus",
            "Nobody can tell whether predictions are answered. See whether the process runs and /ready says "
            "so; if it does, look at the target's error under Status, Targets in Prometheus.",
        ),
        Alert(
            "GraphErrorBudgetFastBurn",
            "page",
            "2m",
            "\nand\n".join(windows),
            "{{ $value | humanizePercentage }} of predictions fail on {{ $labels.predictor_name }}",
            "Callers' own mistakes are not counted. The panel of failing calls by node names the node; "
            "search the log for its name. If it began with a new version, go back to the one before.",
        ),
        Alert(
            "NodeLatencyHigh",
            "ticket",
            "10m",
            f"{quantile(0.99, CLIENT, scope, '10m', node)} > {NODE_SECONDS}\nand\n{calls(scope, '10m', node)} > {BUSY}",
            "Node {{ $labels.model_name }} has a p99 of {{ $value | humanizeDuration }}",
            "Compare with the request rate: all nodes slow means too few CPUs, one node slow means its model "
            "or its version. The table of artifacts says what it has loaded.",
        ),
    )


def _drift(scope: str) -> tuple[Alert, ...]:
    def state(name: str) -> str:
        return f'servegraph_drift_state{{{scope},state="{name}"}}'

    windows = f"servegraph_drift_windows_total{{{scope}}}"
    drifted = f'servegraph_drift_windows_total{{{scope},result="drift"}}'
    mostly = f"max by ({DETECTOR}) (avg_over_time({state('drift')}[15m])) > 0.5"
    twice = f"max by ({DETECTOR}) (increase({drifted}[1d])) > 1.5"
    unable = f"max by ({DETECTOR}) ({state('blind')}) == 1 and sum by ({DETECTOR}) ({windows}) > 0"
    broken = f"max by ({DETECTOR}) ({state('error')}) == 1"
    idle = f"sum by ({DETECTOR}) (increase({windows}[1h])) == 0"
    return (
        Alert(
            "DriftDetected",
            "ticket",
            "0m",
            f"{mostly}\nand\n{twice}",  # one window in a hundred alarms by chance
            "Inputs at {{ $labels.detector }} no longer look like the reference",
            "More than half of the last 15 minutes, and at least two windows. The panel of p-values names "
            "the features: one or two point to a feed (unit, sensor), many to other people being served. "
            "Check the mean reward before retraining; drift alone does not say that the model is worse.",
        ),
        Alert(
            "DriftDetectorBlind",
            "ticket",
            "10m",
            f"({unable})\nor\n{broken}",
            "Detector {{ $labels.detector }} cannot say anything about the inputs",
            "Windows arrive and none can be tested: missing values, a wrong number of columns, or a "
            "detector that fails. `servegraph status` gives the reason; the panel of missing values names "
            "the feature. Until it is fixed, silence about drift means nothing.",
        ),
        Alert(
            "DriftDetectorStale",
            "ticket",
            "1h",
            f"{idle}\nand on ({PREDICTOR})\n{requests(scope, '1h', PREDICTOR)} > {BUSY}",
            "Detector {{ $labels.detector }} has tested no window for over an hour",
            "Predictions are served, and their rows do not reach a test. See whether the monitor is up, rows "
            "are sent and not dropped, and whether the window is too large for this traffic.",
        ),
    )


def _monitor(scope: str) -> tuple[Alert, ...]:
    return (
        Alert(
            "MonitorDown",
            "ticket",
            "2m",
            f"servegraph_monitor_up{{{scope}}} == 0",
            "The drift monitor of {{ $labels.predictor_name }} is down and does not come back",
            "Predictions go on, unwatched. It is restarted by itself, so it fails at start: read its log, "
            "and check that the reference artifact can be loaded and memory is not short.",
        ),
        Alert(
            "MonitorDroppingRows",
            "ticket",
            "5m",
            f"increase(servegraph_monitor_dropped_rows_total{{{scope}}}[5m]) > 0",
            "Rows are dropped before the drift monitor sees them",
            "The monitor is slower than the traffic, or down. Windows are then a sample: give it CPU, or "
            "test larger windows less often.",
        ),
    )


def _feedback_gap(scope: str) -> Alert:
    def coverage(window: str) -> str:
        joined = f'servegraph_feedback_total{{{scope},result="joined"}}'
        asked = requests(scope, window, PREDICTOR)
        return f"sum by ({PREDICTOR}) (rate({joined}[{window}])) / {asked}"

    busy = f"{requests(scope, '30m', PREDICTOR)} > {BUSY}"
    return Alert(
        "FeedbackGap",
        "ticket",
        "10m",
        f"{coverage('30m')} < 0.5 * ({coverage('1d')})\nand\n{busy}",
        "Feedback for {{ $labels.predictor_name }} has fallen to less than half of a day's mean",
        "Rewards and A/B results are now made of the few that answer. See the feedback by result: unknown "
        "or invalid rising means that the sender has changed, all falling that it has stopped.",
    )
