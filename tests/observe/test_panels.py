"""Every panel, asked of a real Prometheus that scraped a history of which all is known."""

import re
from dataclasses import replace

import pytest
from tests.observe.prometheus import PanelQuery, Prometheus, check_panels, panel_targets

from servegraph.observe.dashboard import dashboard
from servegraph.observe.promql import PREDICT

GRPC = "/seldon.protos.Seldon/Predict"
RATIO = 1e-9  # a ratio of counters that rise together does not depend on when it is asked
MOMENT = 0.2  # a rate does, by a step or two


def ratio(value: float) -> object:
    return pytest.approx(value, rel=RATIO)


def rate(per_step: float) -> object:
    # 12 scrapes, of which rate() sees 11 steps and adds at most one, in a window of 60 seconds.
    return pytest.approx(11.5 * per_step / 60, rel=MOMENT)


TRUTH: dict[str, dict[str, object]] = {
    "Servers answering": {"servers": 1.0},
    "Failing": {"failing": ratio(0.05)},
    "Slowest 1 %": {"p99": ratio(0.00495)},
    "Drift": {"drift": 1.0},
    "Requests": {"predictions": rate(20), GRPC: rate(20), "feedback": rate(10)},
    "Failing predictions": {"predictions": 0.0, GRPC: ratio(0.1)},
    "Prediction time": {
        "p50 predictions": ratio(0.00375),
        "p99 predictions": ratio(0.004975),
        f"p50 {GRPC}": ratio(0.00075),
        f"p99 {GRPC}": ratio(0.000995),
    },
    "Answers by code": {
        "200": rate(27),
        "400": rate(1),
        "404": rate(1),
        "500": rate(1),
        "OK": rate(18),
        "Internal": rate(2),
    },
    "Calls by node": {"scale": rate(40), "logistic": rate(32), "boosting": rate(8)},
    "Failing calls by node": {"scale": 0.0, "logistic": ratio(0.0625), "boosting": 0.0},
    "p99 by node": {"scale": ratio(0.000495), "logistic": ratio(0.000995), "boosting": ratio(0.004975)},
    "Traffic split": {"ab: logistic": ratio(0.8), "ab: boosting": ratio(0.2)},
    "Mean reward by arm": {"ab: logistic": ratio(0.75), "ab: boosting": ratio(0.25)},
    "Feedback coverage by arm": {"ab: logistic": ratio(0.5), "ab: boosting": ratio(0.25)},
    "Feedback by result": {"joined": rate(18), "unknown": rate(1), "duplicate": 0.0, "invalid": 0.0, "unnamed": 0.0},
    "Feedback delay": {"p90": ratio(55.0)},
    "Drift state": {"drift": 1.0},
    "p-value by feature": {
        "drift: radius": 0.0001,
        "drift: texture": 0.4,
        "drift: area": pytest.approx(float("nan"), nan_ok=True),
        "drift threshold": 0.0017,
    },
    "Distance by feature": {
        "drift: radius": 0.31,
        "drift: texture": 0.04,
        "drift: area": pytest.approx(float("nan"), nan_ok=True),
    },
    "Windows by result": {
        "drift: ok": pytest.approx(34.5, rel=MOMENT),
        "drift: drift": pytest.approx(11.5, rel=MOMENT),
        "drift: blind": 0.0,
        "drift: error": 0.0,
    },
    "Time since the last test": {"drift": pytest.approx(610, abs=15)},
    "Missing values by feature": {"drift: radius": 0.0, "drift: texture": 0.0, "drift: area": 0.25},
    "Monitor": {"monitor": 1.0},
    "Rows waiting": {"queued": 5.0, "drift": 17.0},
    "Rows to the monitor": {"sent": rate(40), "dropped": rate(2)},
    "Artifacts that answer": {
        "scale screening-scaler 3 sha256:ab12": 1.0,
        "drift screening-reference 3 sha256:ab12": 1.0,
        "logistic screening-logistic 3 sha256:ab12": 1.0,
        "boosting screening-boosting 3 sha256:ab12": 1.0,
    },
}
Scraped = tuple[Prometheus, float]


def test_every_panel_shows_the_truth(scraped: Scraped) -> None:
    prometheus, at = scraped
    queries = panel_targets(dashboard("screening"))
    assert {query.title for query in queries} == TRUTH.keys()
    check_panels(prometheus, queries, TRUTH, at)


def test_renaming_one_label_of_any_query_is_noticed(scraped: Scraped) -> None:
    prometheus, at = scraped
    queries = panel_targets(dashboard("screening"), predictor_name="main")
    check_panels(prometheus, queries, TRUTH, at)
    renamed = [(number, query) for number, it in enumerate(queries) for query in _renamed(it)]
    assert len(renamed) > 100
    for number, query in renamed:
        changed = [*queries[:number], query, *queries[number + 1 :]]
        of_panel = [it for it in changed if it.title == query.title]
        with pytest.raises(AssertionError, match=re.escape(query.title)):
            check_panels(prometheus, of_panel, TRUTH, at)


def test_clean_graph_shows_zero_failures_instead_of_nothing(scraped: Scraped) -> None:
    prometheus, at = scraped
    failing = next(it for it in panel_targets(dashboard("screening")) if it.title == "Failing")
    clean = replace(failing, expr=failing.expr.replace(PREDICT, 'service="predictions"'))
    check_panels(prometheus, [clean], {"Failing": {"failing": 0.0}}, at)


def test_dashboard_of_another_deployment_is_empty_and_says_down(scraped: Scraped) -> None:
    prometheus, at = scraped
    answers = {
        query.title: query.answer(prometheus, at)
        for query in panel_targets(dashboard("screening"), deployment_name="other")
    }
    assert {title: answer for title, answer in answers.items() if answer} == {"Servers answering": {"servers": 0.0}}


def _renamed(query: PanelQuery) -> list[PanelQuery]:
    """The query once for each label it selects by or keeps, with that one label misspelt."""
    labels = [*re.finditer(r'(\w+)(?==~?"|!~?")', query.expr)]
    labels += [
        label
        for group in re.finditer(r"by \(([\w, ]+)\)", query.expr)
        for label in re.compile(r"\w+").finditer(query.expr, *group.span(1))
    ]
    return [replace(query, expr=f"{query.expr[: label.end()]}_{query.expr[label.end() :]}") for label in labels]
