"""Every alert fires on its fault, and none in healthy hours or idle ones."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from servegraph.observe.alerts import alert_rules
from servegraph.observe.files import write_monitoring

GRAPH = 'deployment_name="screening",predictor_name="main"'
PREDICTIONS = f'{GRAPH},service="predictions",method="post"'
DETECTOR = f'{GRAPH},detector="drift"'
SCALE = f'{GRAPH},model_name="scale"'
SERVER = "seldon_api_executor_server_requests_seconds_count"
CLIENT = "seldon_api_executor_client_requests_seconds"

BUILD = f"servegraph_build_info{{{GRAPH}}}"
FAILED = f'{SERVER}{{{PREDICTIONS},code="500"}}'
FAST_CALLS = f'{CLIENT}_bucket{{{SCALE},le="0.01"}}'
DRIFTING = f'servegraph_drift_state{{{DETECTOR},state="drift"}}'
BLIND = f'servegraph_drift_state{{{DETECTOR},state="blind"}}'
BROKEN = f'servegraph_drift_state{{{DETECTOR},state="error"}}'
OK_WINDOWS = f'servegraph_drift_windows_total{{{DETECTOR},result="ok"}}'
DRIFT_WINDOWS = f'servegraph_drift_windows_total{{{DETECTOR},result="drift"}}'
MONITOR_UP = f"servegraph_monitor_up{{{GRAPH}}}"
DROPPED = f"servegraph_monitor_dropped_rows_total{{{GRAPH}}}"
JOINED = f'servegraph_feedback_total{{{GRAPH},result="joined"}}'

# Six hours, a sample a minute: 2 predictions a second, under 1 % failing; a window every 2 minutes,
# one of which is a false alarm, in the fourth hour; feedback for half.
HEALTHY = {
    BUILD: "1x360",
    f'{SERVER}{{{PREDICTIONS},code="200"}}': "0+119x360",
    FAILED: "0+1x360",
    f"{CLIENT}_count{{{SCALE}}}": "0+120x360",
    FAST_CALLS: "0+120x360",
    f'{CLIENT}_bucket{{{SCALE},le="1"}}': "0+120x360",
    f'{CLIENT}_bucket{{{SCALE},le="+Inf"}}': "0+120x360",
    DRIFTING: "0x180 1x1 0x180",
    BLIND: "0x360",
    BROKEN: "0x360",
    OK_WINDOWS: "0+0.5x360",
    DRIFT_WINDOWS: "0x180 1x180",
    MONITOR_UP: "1x360",
    DROPPED: "0x360",
    JOINED: "0+60x360",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong after two healthy hours, which one alert says so, and a moment too early for it."""

    alert: str
    severity: str
    labels: str
    series: dict[str, str]
    fires_at: str
    silent_at: str


FAULTS = [
    Fault("TargetAbsent", "page", 'deployment_name="screening"', {BUILD: "1x120 stale"}, "2h5m", "1h59m"),
    Fault("GraphErrorBudgetFastBurn", "page", GRAPH, {FAILED: "0+1x120 120+60x240"}, "3h", "2h10m"),
    Fault("NodeLatencyHigh", "ticket", SCALE, {FAST_CALLS: "0+120x120 14400+60x240"}, "2h30m", "2h5m"),
    Fault(
        "DriftDetected",
        "ticket",
        DETECTOR,
        {DRIFTING: "0x120 1x240", DRIFT_WINDOWS: "0x120 0+0.5x240", OK_WINDOWS: "0+0.5x120 60x240"},
        "2h15m",
        "2h5m",
    ),
    Fault("DriftDetectorBlind", "ticket", DETECTOR, {BLIND: "0x120 1x240"}, "2h15m", "2h5m"),
    Fault("DriftDetectorBlind", "ticket", DETECTOR, {BROKEN: "0x120 1x240"}, "2h15m", "2h5m"),
    Fault(
        "DriftDetectorStale",
        "ticket",
        DETECTOR,
        {OK_WINDOWS: "0+0.5x120 60x240", DRIFT_WINDOWS: "0x360", DRIFTING: "0x360"},
        "4h15m",
        "3h30m",
    ),
    Fault("MonitorDown", "ticket", GRAPH, {MONITOR_UP: "1x120 0x240"}, "2h5m", "2h2m"),
    Fault("MonitorDroppingRows", "ticket", GRAPH, {DROPPED: "0x120 0+5x240"}, "2h15m", "2h4m"),
    Fault("FeedbackGap", "ticket", GRAPH, {JOINED: "0+60x120 7200x240"}, "2h45m", "2h10m"),
]


def check(promtool: str, folder: Path, series: dict[str, str], firing: dict[str, list[str]]) -> None:
    """Let promtool replay `series`; `firing` is all that fires at a time, as labels."""
    _, rules, _ = write_monitoring(folder, "screening")
    expected = [
        {
            "expr": 'ALERTS{alertstate="firing"}',
            "eval_time": at,
            "exp_samples": [{"labels": f"ALERTS{{{labels}}}", "value": 1} for labels in alerts],
        }
        for at, alerts in firing.items()
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    document = {
        "rule_files": [rules.name],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": expected}],
    }
    (folder / "test.json").write_text(json.dumps(document))
    done = subprocess.run(
        [promtool, "test", "rules", "test.json"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.alert)
def test_alert_fires_on_its_fault_and_no_other_does(fault: Fault, promtool: str, tmp_path: Path) -> None:
    alert = f'alertname="{fault.alert}",alertstate="firing",severity="{fault.severity}",{fault.labels}'
    check(promtool, tmp_path, HEALTHY | fault.series, {fault.silent_at: [], fault.fires_at: [alert]})


def test_healthy_hours_are_silent(promtool: str, tmp_path: Path) -> None:
    check(promtool, tmp_path, HEALTHY, {at: [] for at in ("5m", "1h", "3h2m", "3h10m", "5h")})


def test_server_without_traffic_is_silent(promtool: str, tmp_path: Path) -> None:
    idle = {name: "0x360" for name in HEALTHY}
    idle |= {name: "1x360" for name in (BUILD, MONITOR_UP, BLIND)}
    check(promtool, tmp_path, idle, {at: [] for at in ("5m", "1h", "5h")})


def test_callers_mistakes_burn_no_budget(promtool: str, tmp_path: Path) -> None:
    mistakes = {f'{SERVER}{{{PREDICTIONS},code="{code}"}}': "0+900x360" for code in ("400", "InvalidArgument")}
    check(promtool, tmp_path, HEALTHY | mistakes, {"2h": []})


def test_every_alert_says_what_to_do() -> None:
    rules = alert_rules("screening")["groups"][0]["rules"]
    assert {rule["alert"] for rule in rules} == {fault.alert for fault in FAULTS}
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["description"]) > 100
