"""The dashboard on a real run: known traffic with known failures, scraped by a real Prometheus."""

import json
import re
import shutil
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.e2e.conftest import copy_project
from tests.e2e.running import Running, command, serving, wait_until
from tests.observe.prometheus import PanelQuery, Prometheus, check_panels, panel_targets, start_prometheus

from servegraph.payload.schema import message_class

MESSAGE = message_class("seldon.protos.SeldonMessage")
GRPC = "/seldon.protos.Seldon/Predict"
ARMS = ("logistic", "boosting")
ROW = [12.0] * 30
WINDOW = 200
FAR = [[12.0 + 0.001 * number] * 30 for number in range(WINDOW)]  # rows that are nowhere near the reference
BREAKS_THE_SCALER = [-1e9, *ROW[1:]]
BREAKS_THE_ARM = [1e9, *ROW[1:]]
NARROW = ROW[1:]
SCRAPES = 40

FAULT = """

_sound = {method}


def _faulty(self, X, names, meta=None):
    if abs(X[0][0]) > 1e6 and X[0][0] {sign} 0:
        raise RuntimeError("injected into " + {node})
    return _sound(self, X, names, meta)


{method} = _faulty
"""


def broken(error: str) -> str:
    """The node that FAULT broke."""
    return error.rpartition(" ")[2]


@dataclass
class Client:
    """Sends, and keeps count of what was answered by which arm, and of the rows that the detector sees."""

    running: Running
    channel: grpc.Channel
    puids: dict[str, list[str]] = field(default_factory=lambda: {arm: [] for arm in ARMS})
    failed: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @property
    def knows_both_arms(self) -> bool:
        return all(self.puids[arm] and self.failed[arm] for arm in ARMS)

    def by_rest(self, rows: Sequence[object]) -> None:
        status, answer = self.running.post("/api/v1.0/predictions", {"data": {"ndarray": rows}})
        self.rows += len(rows) * (status != 400)
        if status == 200:
            self._answered(answer["meta"]["routing"]["ab"], answer["meta"]["puid"])
        elif status == 500:
            self.failed[broken(answer["status"]["info"])] += 1

    def by_grpc(self, row: Sequence[float]) -> None:
        request = MESSAGE()
        request.data.tensor.shape.extend([1, 30])
        request.data.tensor.values.extend(row)
        predict = self.channel.unary_unary(GRPC, MESSAGE.SerializeToString, MESSAGE.FromString)
        try:
            meta = predict(request, timeout=10).meta
        except grpc.RpcError as error:
            self.failed[broken(error.details())] += 1
        else:
            self._answered(meta.routing["ab"], meta.puid)
            self.rows += 1

    def tell(self, puid: str, reward: float) -> None:
        self.running.post("/api/v1.0/feedback", {"response": {"meta": {"puid": puid}}, "reward": reward})

    def _answered(self, branch: int, puid: str) -> None:
        self.puids[ARMS[branch]].append(puid)


@dataclass
class Scraped:
    """What Prometheus saw from its first scrape to the moment `at`, and who sent it."""

    prometheus: Prometheus
    at: float
    client: Client
    rows_before: int
    queries: list[PanelQuery]


@pytest.fixture(scope="module")
def scraped(trained_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("dashboards")
    project = copy_project(folder / "project", trained_store)
    inject_faults(project)
    with serving(project, folder) as running, grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        before = warm_up(Client(running, channel))
        with start_prometheus(folder, f"{running.url}/prometheus") as prometheus:
            wait_for_detector(prometheus, before)
            client = Client(running, channel)
            predict(client, times=10)
            give_feedback(client)
            wait_for_detector(prometheus, before + client.rows)
            prometheus.wait_for("servegraph_feedback_total{result='duplicate'} == 6")
            prometheus.wait_for(f"servegraph_build_info and count_over_time(servegraph_build_info[1m]) >= {SCRAPES}")
            yield Scraped(prometheus, time.time(), client, before, written_queries(project))


def wait_for_detector(prometheus: Prometheus, rows: int) -> None:
    """Until a scrape said that so many rows were tested or wait for their window."""
    prometheus.wait_for(f"sum(servegraph_drift_windows_total) == {rows // WINDOW}")
    prometheus.wait_for(f"servegraph_drift_rows_waiting == {rows % WINDOW}")
    prometheus.wait_for("servegraph_monitor_queue_rows == 0")


def inject_faults(project: Path) -> None:
    """Some rows break a component, which none of the project's own does on numbers."""
    arm = "('logistic' if hasattr(self._model, 'coef_') else 'boosting')"
    for file, method, sign, node in (
        ("transformers/scaling.py", "Scaler.transform_input", "<", "'scale'"),
        ("models/classifier.py", "Classifier.predict", ">", arm),
    ):
        with (project / file).open("a") as code:
            code.write(FAULT.format(method=method, sign=sign, node=node))


def warm_up(client: Client) -> int:
    """One of everything, since Prometheus sees only what it saw before grow; and the rows that the detector got."""
    wait_until(lambda: client.running.status()["monitor"]["connected"], 30, "no monitor")
    predict(client, times=1)
    while not client.knows_both_arms:
        client.by_rest([ROW])
        client.by_rest([BREAKS_THE_ARM])
    for arm in ARMS:
        client.tell(client.puids[arm][0], 1.0)
    client.tell("nobody", 1.0)
    wait_until(lambda: sum(detector(client)["windows"].values()) == client.rows // WINDOW, 60, "no window is tested")
    return client.rows


def detector(client: Client) -> Any:
    return client.running.status()["monitor"]["detectors"]["drift"]


def predict(client: Client, times: int) -> None:
    """Per time, 16 answers, 3 failures and one mistake of the caller; then the rows of two windows."""
    for _ in range(times):
        for row in [*[ROW] * 7, BREAKS_THE_ARM, BREAKS_THE_ARM, NARROW]:
            client.by_rest([row])
        for row in [*[ROW] * 9, BREAKS_THE_SCALER]:
            client.by_grpc(row)
    for _ in range(2):
        client.by_rest(FAR)


def give_feedback(client: Client) -> None:
    """30 of 40 answers of one arm were right and 2 of 8 of the other; some of it is unknown, some said twice."""
    for number, puid in enumerate(client.puids["logistic"][:40]):
        client.tell(puid, float(number % 4 > 0))
    for number, puid in enumerate(client.puids["boosting"][:8]):
        client.tell(puid, float(number % 4 == 0))
    for _ in range(12):
        client.tell("nobody", 1.0)
    for puid in client.puids["logistic"][:6]:
        client.tell(puid, 1.0)


def written_queries(project: Path) -> list[PanelQuery]:
    """Those of the file that the command writes."""
    done = command(project, "dashboards", "--output", "written")
    assert done.returncode == 0, done.stderr
    return panel_targets(json.loads((project / "written" / "screening-dashboard.json").read_text()))


def about(value: float) -> Any:
    # Prometheus adds what it guesses for the time before its first scrape and after its last: 1.6 intervals at most.
    return pytest.approx(value, rel=1.6 / (SCRAPES - 1))


def per_second(count: int) -> Any:
    return about(count / 60)


def below(limit: float) -> Any:
    return pytest.approx(limit / 2, abs=limit / 2)


def truth(scraped: Scraped) -> dict[str, dict[str, Any]]:
    client = scraped.client
    logistic, boosting = (len(client.puids[arm]) for arm in ARMS)
    failed = client.failed
    told = {"logistic": 40, "boosting": 8}  # feedback is a call, too
    calls = {arm: len(client.puids[arm]) + failed[arm] + told[arm] for arm in ARMS}
    features = detector(client)["features"]
    rows = scraped.rows_before + client.rows
    windows = rows // WINDOW - scraped.rows_before // WINDOW
    assert (logistic + boosting, failed["scale"], failed["logistic"] + failed["boosting"]) == (162, 10, 20)
    assert len(features) == 30
    return {
        "Servers answering": {"servers": 1.0},
        "Failing": {"failing": about(30 / 202)},
        "Slowest 1 %": {"p99": below(1)},
        "Drift": {"drift": 1.0},
        "Requests": {"predictions": per_second(102), GRPC: per_second(100), "feedback": per_second(66)},
        "Failing predictions": {"predictions": about(20 / 102), GRPC: about(10 / 100)},
        "Prediction time": {f"{p} {service}": below(1) for p in ("p50", "p99") for service in ("predictions", GRPC)},
        "Answers by code": {
            "200": per_second(72 + 54),
            "400": per_second(10),
            "404": per_second(12),
            "500": per_second(20),
            "OK": per_second(90),
            "Unknown": per_second(10),
        },
        "Calls by node": {
            "scale": per_second(192),
            "drift": per_second(182),
            "logistic": per_second(calls["logistic"]),
            "boosting": per_second(calls["boosting"]),
        },
        "Failing calls by node": {
            "scale": about(10 / 192),
            "drift": 0.0,
            "logistic": about(failed["logistic"] / calls["logistic"]),
            "boosting": about(failed["boosting"] / calls["boosting"]),
        },
        "p99 by node": {node: below(1) for node in ("scale", "drift", *ARMS)},
        "Traffic split": {"ab: logistic": about(logistic / 162), "ab: boosting": about(boosting / 162)},
        "Mean reward by arm": {"ab: logistic": pytest.approx(0.75), "ab: boosting": pytest.approx(0.25)},
        "Feedback coverage by arm": {"ab: logistic": about(40 / logistic), "ab: boosting": about(8 / boosting)},
        "Feedback by result": {
            "joined": per_second(48),
            "unknown": per_second(12),
            "duplicate": per_second(6),
            "invalid": 0.0,
            "unnamed": 0.0,
        },
        "Feedback delay": {"p90": below(10)},
        "Drift state": {"drift": 1.0},
        "p-value by feature": {
            **{f"drift: {feature}": 1e-12 for feature in features},
            "drift threshold": pytest.approx(0.01 / 30),
        },
        "Distance by feature": {f"drift: {feature}": below(1) for feature in features},
        "Windows by result": {
            "drift: ok": 0.0,
            "drift: drift": about(windows),
            "drift: blind": 0.0,
            "drift: error": 0.0,
        },
        "Time since the last test": {"drift": below(60)},
        "Missing values by feature": {f"drift: {feature}": 0.0 for feature in features},
        "Monitor": {"monitor": 1.0},
        "Rows waiting": {"queued": 0.0, "drift": rows % WINDOW},
        "Rows to the monitor": {"sent": per_second(580), "dropped": 0.0},
        "Artifacts that answer": dict.fromkeys(artifacts(client.running.project), 1.0),
    }


def artifacts(project: Path) -> list[str]:
    locked = tomllib.loads((project / ".servegraph" / "models.lock").read_text())
    names = {"scale": "scaler", "drift": "drift-reference", "logistic": "logistic", "boosting": "boosting"}
    return [f"{node} screening-{name} 1 {locked[f'screening-{name}/1']}" for node, name in names.items()]


def test_every_panel_shows_the_truth_of_a_real_run(scraped: Scraped) -> None:
    known = truth(scraped)

    assert {query.title for query in scraped.queries} == known.keys()
    check_panels(scraped.prometheus, scraped.queries, known, scraped.at)


def test_misspelling_one_label_of_any_query_is_noticed(scraped: Scraped) -> None:
    known = truth(scraped)
    for number, query in enumerate(scraped.queries):
        before, label, after = query.expr.rpartition("deployment_name=")
        assert label
        misspelt = replace(query, expr=f"{before}deploymentname={after}")
        queries = [*scraped.queries[:number], misspelt, *scraped.queries[number + 1 :]]
        of_panel = [it for it in queries if it.title == query.title]
        with pytest.raises(AssertionError, match=re.escape(query.title)):
            check_panels(scraped.prometheus, of_panel, known, scraped.at)


def test_traffic_is_split_as_the_graph_says(scraped: Scraped) -> None:
    (split,) = (query for query in scraped.queries if query.title == "Traffic split")

    # 162 requests: four standard deviations of 0.8 are 0.13.
    assert 0.67 < split.answer(scraped.prometheus, scraped.at)["ab: logistic"] < 0.93
