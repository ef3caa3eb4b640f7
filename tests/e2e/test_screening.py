"""The screening graph on real data, served by the real command: answers, split, drift, survival."""

import concurrent.futures
import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from tests.e2e.conftest import copy_project
from tests.e2e.running import BIN, Running, children, command, imports_of, serving, wait_until

from servegraph.artifacts import Registry, load_model
from servegraph.payload.schema import message_class

MESSAGE = message_class("seldon.protos.SeldonMessage")
ARMS = ("logistic", "boosting")


@pytest.fixture(scope="module")
def held_out() -> Any:
    """1,000 raw rows that no model was fitted on: the held-out half, over and over."""
    from servegraph.project import find_project, load_module

    module = load_module(find_project(Path(__file__)), "models.screening", "models.screening")
    return np.resize(module.held_out().rows, (1000, 30))


@pytest.fixture(scope="module")
def truth(project: Path, held_out: Any) -> dict[str, Any]:
    """What scikit-learn itself says to these rows, by arm."""
    registry = Registry.embedded(project / ".servegraph")
    trusted = ("sklearn.tree._tree.Tree",)
    models = {
        name: load_model(registry.resolve(f"models:/screening-{name}@champion").path, trusted)
        for name in ("scaler", *ARMS)
    }
    scaled = models["scaler"].transform(held_out)
    return {arm: models[arm].predict_proba(scaled) for arm in ARMS}


def by_rest(running: Running, rows: Any) -> Iterator[tuple[str, Sequence[float]]]:
    for row in rows.tolist():
        answer = running.predict([row])
        yield ARMS[answer["meta"]["routing"]["ab"]], answer["data"]["ndarray"][0]


def by_grpc(running: Running, rows: Any) -> Iterator[tuple[str, Sequence[float]]]:
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        predict = channel.unary_unary(
            "/seldon.protos.Seldon/Predict",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=MESSAGE.FromString,
        )
        for row in rows.tolist():
            request = MESSAGE()
            request.data.tensor.shape.extend([1, 30])
            request.data.tensor.values.extend(row)
            answer = predict(request, timeout=10)
            yield ARMS[answer.meta.routing["ab"]], list(answer.data.tensor.values)


@pytest.mark.parametrize("ask", [by_rest, by_grpc])
def test_answers_equal_scikit_learn_for_the_arm_that_routing_names(
    screening: Running, held_out: Any, truth: dict[str, Any], ask: Any
) -> None:
    arms = Counter[str]()
    worst = 0.0
    for row, (arm, probabilities) in enumerate(ask(screening, held_out)):
        arms[arm] += 1
        worst = max(worst, float(np.abs(truth[arm][row] - probabilities).max()))

    assert worst <= 1e-6
    assert arms.total() == 1000
    assert 0.75 < arms["logistic"] / 1000 < 0.85  # four standard deviations of 0.8 are 0.05


def test_a_warm_start_imports_no_library_that_models_come_from(
    screening: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    word = screening.project / ".servegraph" / "run.json"  # of the server that other tests ask
    said = word.read_text()
    with serving(screening.project, tmp_path, "--no-monitor") as running:
        assert running.predict([[12.0] * 30])["data"]["names"] == ["malignant", "benign"]
        found = {name.partition(".")[0] for name in imports_of(running.output)}
    word.write_text(said)

    assert "onnxruntime" in found
    vendors = {"alibi_detect", "joblib", "mlflow", "onnx", "pandas", "scipy", "sklearn", "skops", "xgboost"}
    assert found & vendors == set()


def test_answer_says_which_versions_answered(screening: Running, held_out: Any) -> None:
    meta = screening.predict(held_out[:2].tolist())["meta"]
    arm = ARMS[meta["routing"]["ab"]]

    assert meta["tags"]["versions"] == {
        "scale": "screening-scaler/1",
        "drift": "screening-drift-reference/1",
        arm: f"screening-{arm}/1",
    }
    assert meta["requestPath"][arm] == "servegraph/screening:0.1.0"


def test_whole_numbers_are_answered_like_floats(screening: Running) -> None:
    answer = screening.predict([[17] * 30])

    assert answer["data"]["names"] == ["malignant", "benign"]
    assert sum(answer["data"]["ndarray"][0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rows", "info"),
    [
        ([[1.0] * 29], "node 'scale' takes rows of 30 numbers, got an array of 1 x 29"),
        ([1.0] * 30, "node 'scale' takes rows of 30 numbers, got an array of 30"),
        ([["a"] * 30], "node 'scale' takes rows of 30 numbers"),
        ([], "node 'scale' takes rows of 30 numbers, got an array of 0"),
    ],
)
def test_rows_that_do_not_fit_are_the_callers_mistake(screening: Running, rows: object, info: str) -> None:
    status, answer = screening.post("/api/v1.0/predictions", {"data": {"ndarray": rows}})

    assert status == 400
    assert answer["status"]["info"].startswith(info)


def test_metadata_shows_the_signatures(screening: Running) -> None:
    document = json.loads(screening.get("/api/v1.0/metadata")[1])

    assert document["models"]["logistic"]["versions"] == ["1"]
    assert document["graphinputs"][0]["schema"]["shape"] == [30]
    assert document["graphinputs"][0]["schema"]["names"][0] == "mean radius"
    assert document["models"]["logistic"]["outputs"][0]["schema"]["names"] == ["malignant", "benign"]


def traffic(running: Running, *arguments: str) -> Any:
    done = command(running.project, "traffic", "--url", running.url, "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def detector(running: Running) -> Any:
    return running.status()["monitor"]["detectors"]["drift"]


@pytest.fixture
def fresh(project: Path, trained_store: Path, tmp_path: Path) -> Iterator[Running]:
    """A server of its own, whose monitor has seen nothing."""
    own = copy_project(tmp_path / "project", trained_store)
    with serving(own, tmp_path) as running:
        yield running


def test_unchanged_traffic_raises_no_alarm_and_a_unit_error_does(fresh: Running) -> None:
    quiet = traffic(fresh, "--windows", "20", "--rate", "400", "--shift", "none")

    assert quiet["failed"] == 0
    assert quiet["feedback"]["failed"] == 0
    wait_until(lambda: sum(detector(fresh)["windows"].values()) == 20, 60, "the last window is not tested")
    assert detector(fresh)["windows"].get("drift", 0) <= 1
    assert quiet["accuracy"]["logistic"] > 0.95

    before = detector(fresh)["windows"].get("drift", 0)
    traffic(fresh, "--windows", "2", "--rate", "400", "--shift", "unit-error", "--shift-at", "0")
    wait_until(lambda: sum(detector(fresh)["windows"].values()) == 22, 60, "the last window is not tested")

    state = detector(fresh)
    assert state["windows"]["drift"] > before
    assert state["verdict"] == "drift"
    assert "mean radius" in state["features"]
    wait_until(lambda: fresh.predict([[1.0] * 30])["meta"]["tags"].get("drift") == "drift", 5, "no tag")
    assert "mean radius" in fresh.predict([[1.0] * 30])["meta"]["tags"]["drift_features"]
    page = fresh.get("/prometheus")[1]
    labels = 'deployment_name="screening",detector="drift",predictor_name="default",state="drift"'
    assert f"servegraph_drift_state{{{labels}}} 1.0" in page
    shown = command(fresh.project, "status", "--url", fresh.url)
    assert shown.returncode == 1
    assert "drift: drift" in shown.stdout


def test_one_missing_value_makes_the_window_blind(fresh: Running) -> None:
    wait_until(lambda: fresh.status()["monitor"]["connected"], 30, "no monitor")
    rows = [[12.0] * 30 for _ in range(200)]
    rows[100][3] = None  # type: ignore[call-overload]
    fresh.post("/api/v1.0/predictions", {"data": {"ndarray": rows}})
    wait_until(lambda: detector(fresh)["windows"].get("blind", 0) == 1, 30, "the window is not tested")

    assert detector(fresh)["verdict"] == "blind"
    assert "mean area" in detector(fresh)["reason"]


class Load:
    """Closed-loop clients in threads, each a connection of its own; counts what came back."""

    def __init__(self, running: Running, clients: int = 8) -> None:
        self.answers = Counter[str]()
        self._running = running
        self._stop = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(clients)
        self._done = [self._pool.submit(self._client) for _ in range(clients)]

    def _client(self) -> None:
        import http.client

        body = json.dumps({"data": {"ndarray": [[12.0] * 30]}})
        connection = http.client.HTTPConnection("127.0.0.1", self._running.http_port, timeout=20)
        while not self._stop.is_set():
            try:
                connection.connect()
            except OSError:
                self.answers["refused"] += 1
                return
            try:
                while not self._stop.is_set():
                    connection.request("POST", "/api/v1.0/predictions", body)
                    response = connection.getresponse()
                    response.read()
                    self.answers[str(response.status)] += 1
                    if response.will_close:
                        break
            except (OSError, http.client.HTTPException) as error:
                self.answers[f"failed: {error!r}"] += 1
            finally:
                connection.close()

    def finish(self) -> Counter[str]:
        self._stop.set()
        for client in self._done:
            client.result()
        self._pool.shutdown()
        return self.answers


def test_killed_monitor_fails_no_prediction_and_is_back(fresh: Running) -> None:
    wait_until(lambda: fresh.status()["monitor"]["connected"], 30, "no monitor")
    (old,) = children(fresh.process.pid)
    load = Load(fresh)
    wait_until(lambda: load.answers["200"] > 50, 10, "no load")
    os.kill(old, signal.SIGKILL)

    def is_back() -> bool:
        return children(fresh.process.pid) not in ([], [old]) and fresh.status()["monitor"]["connected"]

    seconds = wait_until(is_back, 5, "the monitor is not back")
    seen = fresh.status()["monitor"]["sent"]
    wait_until(lambda: fresh.status()["monitor"]["sent"] > seen, 5, "it gets no rows")
    answers = load.finish()

    assert seconds < 5
    assert set(answers) == {"200"}


def test_sigterm_under_load_fails_no_accepted_request(fresh: Running) -> None:
    wait_until(lambda: fresh.status()["monitor"]["connected"], 30, "no monitor")
    processes = [fresh.process.pid, *children(fresh.process.pid)]
    load = Load(fresh)
    wait_until(lambda: load.answers["200"] > 50, 10, "no load")
    fresh.process.send_signal(signal.SIGTERM)
    code = fresh.process.wait(timeout=20)
    answers = load.finish()

    assert code == 0
    assert set(answers) <= {"200", "refused"}
    assert "Traceback" not in fresh.output
    left = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, processes))], capture_output=True, text=True)
    assert left.stdout == ""


def test_quickstart_of_the_readme_works(screening: Running) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.partition("<!-- quickstart -->")[2].partition("```sh\n")[2].partition("```")[0]
    lines = [line for line in block.splitlines() if line and not line.startswith(("#", "make "))]
    assert len(lines) >= 4
    for line in lines:
        local = line.replace("http://127.0.0.1:8000", screening.url).replace(".venv/bin/", f"{BIN}/")
        done = subprocess.run(local, shell=True, cwd=screening.project, capture_output=True, text=True, timeout=100)
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}{done.stderr}"
        assert "error" not in done.stderr, f"{line}\n{done.stderr}"
        assert done.stdout, line
