"""What a scrape answers, down to the sample."""

import math
import subprocess
import time
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.observe.history import NODES, PREDICT, History

from servegraph.engine.events import FeedbackResult, Listener
from servegraph.observe.metrics import Metrics, NodeLabels
from servegraph.verdict import DetectorState, MonitorReport

Labels = dict[str, str]
GRAPH = {"deployment_name": "screening", "predictor_name": "main"}
SERVER = "seldon_api_executor_server_requests_seconds"
CLIENT = "seldon_api_executor_client_requests_seconds"
ARM_A = {**GRAPH, "router": "ab", "arm": "logistic"}
ARM_B = {**GRAPH, "router": "ab", "arm": "boosting"}


def metrics(report: Callable[[], MonitorReport] | None = None, **nodes: NodeLabels) -> Metrics:
    return Metrics("screening", "main", "v7", nodes or NODES, report)


def samples(rendered: Metrics, name: str) -> list[tuple[Labels, float]]:
    _, body = rendered.render()
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == name
    ]


def value(rendered: Metrics, name: str, **labels: str) -> float:
    found = [number for has, number in samples(rendered, name) if labels.items() <= has.items()]
    assert len(found) == 1
    return found[0]


def test_content_type_is_the_text_format_seldon_answers_with() -> None:
    assert metrics().render()[0] == "text/plain; version=0.0.4; charset=utf-8"


def test_server_histogram_has_exactly_seldons_labels() -> None:
    listener = metrics()
    listener.request_done("predictions", "post", "200", 0.003)
    expected = {**GRAPH, "predictor_version": "v7", "service": "predictions", "method": "post", "code": "200"}
    assert samples(listener, f"{SERVER}_count") == [(expected, 1.0)]
    assert samples(listener, f"{SERVER}_sum") == [(expected, 0.003)]


def test_client_histogram_names_the_node_and_its_image() -> None:
    listener = metrics(scale=NodeLabels("reg:5000/img", "1.2", None, None, None))
    listener.node_called("scale", "/transform-input", "post", "500", 0.5)
    expected = {
        **GRAPH,
        "predictor_version": "v7",
        "service": "/transform-input",
        "method": "post",
        "code": "500",
        "model_name": "scale",
        "model_image": "reg:5000/img",
        "model_version": "1.2",
    }
    assert samples(listener, f"{CLIENT}_count") == [(expected, 1.0)]
    assert samples(listener, f"{CLIENT}_summary_count") == [(expected, 1.0)]
    assert samples(listener, f"{CLIENT}_summary_sum") == [(expected, 0.5)]


def test_buckets_are_seldons_and_three_below_with_upper_bounds_inclusive() -> None:
    listener = metrics()
    for seconds in (0.0005, 0.0006, 0.005, 11.0):
        listener.request_done("predictions", "post", "200", seconds)
    buckets = {labels["le"]: number for labels, number in samples(listener, f"{SERVER}_bucket")}
    assert buckets == {
        "0.0005": 1, "0.001": 2, "0.0025": 2, "0.005": 3, "0.01": 3, "0.025": 3, "0.05": 3, "0.075": 3,
        "0.1": 3, "0.25": 3, "0.5": 3, "0.75": 3, "1": 3, "2.5": 3, "5": 3, "7.5": 3, "10": 3, "+Inf": 4,
    }  # fmt: skip


def test_arms_and_results_are_zero_before_anything_happens() -> None:
    fresh = metrics()
    assert samples(fresh, "servegraph_ab_assignments_total") == [(ARM_A, 0.0), (ARM_B, 0.0)]
    assert samples(fresh, "servegraph_ab_feedback_total") == [(ARM_A, 0.0), (ARM_B, 0.0)]
    assert samples(fresh, "servegraph_ab_reward_sum") == [(ARM_A, 0.0), (ARM_B, 0.0)]
    assert {labels["result"]: number for labels, number in samples(fresh, "servegraph_feedback_total")} == {
        "joined": 0.0,
        "duplicate": 0.0,
        "unknown": 0.0,
        "invalid": 0.0,
        "unnamed": 0.0,
    }


def test_zero_and_negative_rewards_count() -> None:
    listener = metrics()
    for reward in (1.0, 0.0, 0.0, -2.0):
        listener.feedback("joined", {"ab": 1}, reward, 30.0)
    assert value(listener, "servegraph_ab_feedback_total", arm="boosting") == 4.0
    assert value(listener, "servegraph_ab_reward_sum", arm="boosting") == -1.0
    assert value(listener, "servegraph_feedback_total", result="joined") == 4.0
    assert value(listener, "servegraph_feedback_delay_seconds_bucket", le="60") == 4.0
    assert value(listener, "servegraph_feedback_delay_seconds_bucket", le="10") == 0.0


@pytest.mark.parametrize("result", ["duplicate", "unknown", "invalid", "unnamed"])
def test_feedback_that_is_not_joined_touches_no_arm(result: FeedbackResult) -> None:
    listener = metrics()
    listener.feedback(result, {}, 1.0, 0.0)
    assert value(listener, "servegraph_feedback_total", result=result) == 1.0
    assert value(listener, "servegraph_ab_feedback_total", arm="logistic") == 0.0
    assert samples(listener, "servegraph_feedback_delay_seconds_count") == []


def test_reward_that_is_no_number_is_invalid_and_spoils_nothing() -> None:
    listener = metrics()
    listener.feedback("joined", {"ab": 0}, math.nan, 1.0)
    listener.feedback("joined", {"ab": 0}, 1.0, 1.0)
    assert value(listener, "servegraph_feedback_total", result="invalid") == 1.0
    assert value(listener, "servegraph_ab_reward_sum", arm="logistic") == 1.0


def test_branches_that_are_no_child_have_arms_of_their_own() -> None:
    listener = metrics()
    for branch in (0, -1, -2):
        listener.routed("ab", branch)
    arms = {labels["arm"]: number for labels, number in samples(listener, "servegraph_ab_assignments_total")}
    assert arms == {"logistic": 1.0, "boosting": 0.0, "(all)": 1.0, "(none)": 1.0}


def test_artifacts_are_named_only_where_there_is_one() -> None:
    loaded = samples(metrics(), "servegraph_artifact_info")
    assert {labels["node"] for labels, _ in loaded} == {"scale", "drift", "logistic", "boosting"}
    expected = {"node": "scale", "artifact": "screening-scaler", "version": "3", "digest": "sha256:ab12"}
    assert loaded[0] == ({**GRAPH, **expected}, 1.0)


def test_drift_state_is_one_hot() -> None:
    states = {labels["state"]: number for labels, number in samples(History(1).metrics, "servegraph_drift_state")}
    assert states == {"ok": 0.0, "drift": 1.0, "blind": 0.0, "error": 0.0}


def test_values_that_are_no_number_are_shown_as_such() -> None:
    state = DetectorState(
        node="drift",
        p_values={"radius": math.nan, "area": None},  # type: ignore[dict-item]  # how NaN leaves JSON
        distances={"radius": math.inf},
        missing={"radius": 0.5},
    )
    report = MonitorReport(connected=False, queued=7, sent=3, dropped=2, detectors={"drift": state})
    listener = metrics(lambda: report)
    assert math.isnan(value(listener, "servegraph_drift_p_value", feature="radius"))
    assert math.isnan(value(listener, "servegraph_drift_p_value", feature="area"))
    assert value(listener, "servegraph_drift_distance", feature="radius") == math.inf
    assert value(listener, "servegraph_drift_state", state="blind") == 1.0
    assert samples(listener, "servegraph_drift_threshold") == []
    assert samples(listener, "servegraph_drift_last_run_timestamp_seconds") == []
    assert samples(listener, "servegraph_monitor_up") == [(GRAPH, 0.0)]
    assert samples(listener, "servegraph_monitor_queue_rows") == [(GRAPH, 7.0)]
    assert samples(listener, "servegraph_monitor_sent_rows_total") == [(GRAPH, 3.0)]
    assert samples(listener, "servegraph_monitor_dropped_rows_total") == [(GRAPH, 2.0)]


def test_graph_without_monitor_shows_no_monitor() -> None:
    _, body = metrics().render()
    assert b"servegraph_monitor" not in body
    assert b"servegraph_drift" not in body


def test_label_values_are_escaped() -> None:
    name = 'mean "radius"\\\n(mm)'
    state = DetectorState(node="drift", p_values={name: 0.5})
    report = MonitorReport(connected=True, queued=0, sent=0, dropped=0, detectors={"drift": state})
    assert value(metrics(lambda: report), "servegraph_drift_p_value", feature=name) == 0.5


def test_two_predictors_share_nothing() -> None:
    first, second = metrics(), metrics()
    first.routed("ab", 0)
    assert value(second, "servegraph_ab_assignments_total", arm="logistic") == 0.0


def test_process_and_platform_are_shown_and_created_samples_are_not() -> None:
    history = History(1)
    _, body = history.render()
    assert b"process_resident_memory_bytes " in body
    assert b"python_info{" in body
    assert b"_created" not in body


def test_counting_an_event_costs_microseconds() -> None:
    listener: Listener = metrics()
    started = time.perf_counter()
    for _ in range(10_000):
        listener.request_done(PREDICT, "unary", "OK", 0.003)
        listener.node_called("scale", "/transform-input", "post", "200", 0.0003)
    assert (time.perf_counter() - started) / 20_000 < 20e-6  # measured 0.3e-6; a slow machine has 60 times that


def test_promtool_objects_only_to_the_names_that_seldon_chose(promtool: str) -> None:
    _, body = History(1).render()
    checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, timeout=30)
    assert checked.stderr.decode().splitlines() == [
        f"{CLIENT}_summary metric name should not include type 'summary'",
        f"{SERVER}_summary metric name should not include type 'summary'",
    ]
