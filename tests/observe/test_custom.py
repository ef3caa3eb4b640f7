"""Metrics of components: what is kept and exposed, and what is refused before it breaks a scrape."""

import logging

import pytest

from servegraph.observe import custom
from servegraph.observe.custom import CustomMetrics, Origin
from servegraph.observe.custom_relay import Relay, replay

LABELS = (
    'deployment_name="d",image_name="reg:5000/i",image_version="1.2",method="predict",model_image="reg:5000/i",'
    'model_name="m",model_version="1.2",predictor_name="p",predictor_version="v9",seldon_deployment_name="d",'
    'worker_id="7"'
)


def origin(worker_id: str = "7", model: str = "m") -> Origin:
    return Origin(model, "reg:5000/i", "1.2", "d", "p", "v9", worker_id)


def lines(store: CustomMetrics, start: str) -> list[str]:
    return [line for line in store.render().decode().splitlines() if line.startswith(start)]


def metric(kind: str, key: object, value: object, **tags: str) -> dict[str, object]:
    return {"type": kind, "key": key, "value": value, **({"tags": tags} if tags else {})}


def test_nothing_reported_is_an_empty_page():
    assert CustomMetrics().render() == b""


def test_counters_add_up_and_are_named_total_once():
    store = CustomMetrics()
    store.add(origin(), "predict", [metric("COUNTER", "c", 1), metric("COUNTER", "d_total", 2)])
    store.add(origin(), "predict", [metric("COUNTER", "c", 2.5), metric("COUNTER", "d_total", 2)])

    assert store.render().decode().splitlines() == [
        "# HELP c_total ",
        "# TYPE c_total counter",
        f"c_total{{{LABELS}}} 3.5",
        "# HELP d_total ",
        "# TYPE d_total counter",
        f"d_total{{{LABELS}}} 4.0",
    ]


def test_gauge_keeps_the_last_value_of_each_worker_below_one_head():
    store = CustomMetrics()
    for worker, value in (("7", 1), ("7", 5), ("8", 3)):
        store.add(origin(worker), "predict", [metric("GAUGE", "g", value)])

    assert store.render().decode().splitlines() == [
        "# HELP g ",
        "# TYPE g gauge",
        f"g{{{LABELS}}} 5.0",
        f"g{{{LABELS.replace('worker_id="7"', 'worker_id="8"')}}} 3.0",
    ]


def test_timer_is_a_histogram_in_seconds():
    store = CustomMetrics()
    store.add(origin(), "predict", [metric("TIMER", "t", 20.2), metric("TIMER", "t", 40_000)])

    buckets = lines(store, "t_bucket")
    assert len(buckets) == 51
    assert 'le="0.001"' in buckets[0]
    assert buckets[0].endswith(" 0.0")
    assert next(line for line in buckets if 'le="0.019018554321561593"' in line).endswith(" 0.0")
    assert next(line for line in buckets if 'le="0.02347185009632733"' in line).endswith(" 1.0")
    assert 'le="29.999999999999996"' in buckets[49]
    assert buckets[49].endswith(" 1.0")
    assert 'le="+Inf"' in buckets[50]
    assert [lines(store, "t_count")[0].split()[-1], lines(store, "t_sum")[0].split()[-1]] == ["2.0", "40.0202"]


def test_identity_wins_over_tags():
    store = CustomMetrics()
    store.add(origin(), "predict", [metric("GAUGE", "g", 1, method="mine", model_name="mine", a="b")])

    assert lines(store, "g{") == [f'g{{a="b",{LABELS}}} 1.0']


def test_feedback_without_a_reward_is_not_counted():
    store = CustomMetrics()
    for reward in (1.0, 0.0, -2.5):
        store.reward(origin(), reward)

    feedback = LABELS.replace('"predict"', '"feedback"')
    assert lines(store, "seldon") == [
        f"seldon_api_model_feedback_total{{{feedback}}} 2.0",
        f"seldon_api_model_feedback_reward_total{{{feedback}}} -1.5",
    ]


@pytest.mark.parametrize(
    "refused",
    [
        metric("GAUGE", "a-b", 1),
        metric("GAUGE", "", 1),
        metric("GAUGE", 'x{y="z"}', 1),
        metric("GAUGE", "process_cpu_seconds_total", 1),
        metric("COUNTER", "seldon_api_executor_server_requests_seconds", 1),
        metric("GAUGE", "fine", "many"),
        metric("SUMMARY", "fine", 1),
        metric("TIMER", "fine", 1, le="0.5"),
        {"type": "GAUGE", "key": "fine", "value": 1, "tags": {"a-b": "c"}},
        {"type": "GAUGE", "key": "fine", "value": 1, "tags": {"__name__": "c"}},
        {"type": "GAUGE", "key": "fine"},
        {"type": "GAUGE", "key": "fine", "value": 10**400},
        # `known` is a timer by then
        metric("GAUGE", "known", 1),
        metric("GAUGE", "known_sum", 1),
    ],
    ids=str,
)
def test_what_prometheus_could_not_read_is_refused_logged_once_and_counted(
    refused: dict[str, object], caplog: pytest.LogCaptureFixture
):
    store = CustomMetrics()
    store.add(origin(), "predict", [metric("TIMER", "known", 1)])
    before = store.render()
    with caplog.at_level(logging.WARNING):
        store.add(origin(), "predict", [refused])
        store.add(origin(), "predict", [refused])

    assert len(caplog.records) == 1
    assert store.render().startswith(before)
    assert lines(store, "servegraph_custom") == ['servegraph_custom_metrics_refused_total{model_name="m"} 2.0']


def test_label_values_are_escaped():
    store = CustomMetrics()
    store.add(origin(), "predict", [metric("GAUGE", "g", 1, a='"\n\\')])

    assert lines(store, "g{")[0].startswith('g{a="\\"\\n\\\\",')


def test_series_have_an_upper_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(custom, "MOST_SERIES", 3)
    store = CustomMetrics()
    for number in range(5):
        store.add(origin(), "predict", [metric("COUNTER", "c", 1, row=str(number))])
    store.add(origin(), "predict", [metric("COUNTER", "c", 1, row="0")])

    assert len(lines(store, "c_total{")) == 3
    assert lines(store, 'c_total{deployment_name="d"')[0].endswith(" 2.0")


def test_relay_tells_the_store_what_it_was_told():
    store = CustomMetrics()
    relay = Relay(lambda text: replay(text, store.sink(lambda node: origin(model=node))))
    relay.custom_metrics("other", "route", [metric("COUNTER", "c", 1, a="b")])
    relay.reward("m", 0.5)

    (line,) = lines(store, "c_total{")
    assert 'model_name="other"' in line
    assert 'method="route"' in line
    assert lines(store, "seldon_api_model_feedback_reward")[0].endswith(" 0.5")


def test_a_metric_that_is_no_json_is_lost_with_a_warning(caplog: pytest.LogCaptureFixture):
    sent: list[bytes] = []
    Relay(sent.append).custom_metrics("m", "predict", [{1: object()}])

    assert sent == []
    assert "metrics of predict are lost" in caplog.text
