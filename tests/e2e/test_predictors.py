"""Several predictors behind one endpoint, served by the real command."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import json_format
from tests.e2e.running import Running, command, serving, wait_until

from servegraph.payload.schema import message_class

COMPONENTS = """
import time


class Says:
    def __init__(self, word, seconds=0.0, fails=False):
        self.word, self.seconds, self.fails = word, seconds, fails
        self.rewards = 0

    def predict(self, X, names):
        time.sleep(self.seconds)
        if self.fails:
            raise RuntimeError("out of order")
        return [[self.word]]

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.rewards += 1

    def metrics(self):
        return [{"type": "COUNTER", "key": "words", "value": 1}]

    def init_metadata(self):
        return {"name": self.word, "versions": ["1"], "platform": "words"}

    def health_status(self):
        return [self.rewards]
"""


def predictor(name: str, node: str = "model", parameters: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    types = {str: "STRING", float: "DOUBLE", bool: "BOOL"}
    said = {"word": name, **(parameters or {})}
    container = {"name": node, "image": "says:1", "env": [{"name": "MODEL_NAME", "value": "words:Says"}]}
    return {
        "name": name,
        "graph": {
            "name": node,
            "type": "MODEL",
            "parameters": [{"name": k, "value": str(v), "type": types[type(v)]} for k, v in said.items()],
        },
        "componentSpecs": [{"spec": {"containers": [container]}}],
        **more,
    }


def manifest(folder: Path, *predictors: dict[str, Any]) -> Path:
    (folder / "words.py").write_text(COMPONENTS)
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "several", "namespace": "lab"},
        "spec": {"predictors": list(predictors)},
    }
    file = folder / "several.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two predictors that answer, and a shadow that takes a quarter of a second and then fails."""
    folder = tmp_path_factory.mktemp("several")
    dark = predictor("dark", parameters={"seconds": 0.25, "fails": True}, shadow=True)
    explained = predictor("main", traffic=70, explainer={"type": "AnchorTabular", "modelUri": "gs://b/explainer"})
    file = manifest(folder, explained, predictor("canary", node="other", traffic=30), dark)
    with serving(folder, folder, str(file)) as running:
        yield running


def shares(running: Running) -> dict[str, Any]:
    return {each["name"]: each for each in running.status()["predictors"]}


def sample(running: Running, name: str, *labels: str) -> float:
    """The sum of the samples of a name whose line has all labels."""
    lines = running.get("/prometheus")[1].splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith(name + "{") and all(x in line for x in labels)
    )


def test_requests_are_shared_by_weight_and_the_shadow_gets_copies(several: Running) -> None:
    before = shares(several)
    answers, started = [], monotonic()
    for _ in range(400):
        answer = several.predict([[1.0]])
        answers.append(answer["data"]["ndarray"][0][0])
    seconds = monotonic() - started
    counted = Counter(answers)
    after = shares(several)

    assert counted["main"] + counted["canary"] == 400
    assert abs(counted["main"] - 280) < 4 * math.sqrt(400 * 0.7 * 0.3)
    for name in ("main", "canary"):
        assert after[name]["answers"]["200"] - before[name]["answers"].get("200", 0) == counted[name]
    assert seconds < 50  # the shadow would need 100
    assert after["dark"]["dropped"] > 0
    wait_until(lambda: shares(several)["dark"]["answers"].get("500", 0) > 0, 10, "no copy was answered")


def test_status_lists_predictors_and_nodes(several: Running) -> None:
    document = several.status()

    listed = [(each["name"], each["traffic"], each["shadow"]) for each in document["predictors"]]
    assert listed == [("main", 70, False), ("canary", 30, False), ("dark", 100, True)]
    nodes = [(each["predictor"], each["name"], each["runs"]) for each in document["nodes"]]
    assert nodes == [("main", "model", "here"), ("canary", "other", "here"), ("dark", "model", "here")]
    told = command(several.project, "status", "--url", several.url)
    assert told.returncode == 0, told.stderr
    assert "main       70 %" in told.stdout
    assert "canary     30 %" in told.stdout
    assert "dark       copies of 100 %" in told.stdout


def test_lines_at_the_start_name_what_differs(several: Running) -> None:
    lines = several.output.splitlines()

    assert lines[0] == "note the explainer of predictor 'main' (AnchorTabular) is not run"
    assert [line for line in lines if "of the requests" in line] == [
        "main  70 % of the requests",
        "canary  30 % of the requests",
        "dark  shadow, copies of 100 % of the requests",
    ]


def test_feedback_goes_to_the_predictor_that_answered(several: Running) -> None:
    before = shares(several)
    puids: dict[str, list[str]] = {"main": [], "canary": []}
    while len(puids["main"]) < 3 or len(puids["canary"]) < 3:
        answer = several.predict([[1.0]])
        puids[answer["data"]["ndarray"][0][0]].append(answer["meta"]["puid"])
    for puid in [*puids["main"], *puids["canary"]]:
        status, _ = several.post("/api/v1.0/feedback", {"response": {"meta": {"puid": puid}}, "reward": 1.0})
        assert status == 200
    after = shares(several)

    for name in ("main", "canary"):
        assert after[name]["feedback"]["joined"] - before[name]["feedback"]["joined"] == len(puids[name])
    assert after["dark"]["feedback"]["joined"] == 0
    assert several.post("/api/v1.0/feedback", {"response": {"meta": {"puid": "never"}}, "reward": 1.0})[0] == 404


def test_metrics_carry_the_predictor(several: Running) -> None:
    while {name for name, each in shares(several).items() if each["answers"]} < {"main", "canary"}:
        several.predict([[1.0]])
    count = "seldon_api_executor_server_requests_seconds_count"
    text = several.get("/prometheus")[1]

    for name in ("main", "canary"):
        answers = shares(several)[name]["answers"]["200"]
        assert sample(several, count, f'predictor_name="{name}"', 'service="predictions"') == answers
        assert sample(several, "words_total", f'predictor_name="{name}"', 'method="predict"') == answers
    assert text.count(f"# TYPE {count.removesuffix('_count')} histogram") == 1
    assert text.count("# TYPE words_total counter") == 1
    assert sample(several, "servegraph_shadow_copies_total", 'predictor_name="dark"', 'result="dropped"') >= 0


def test_nodes_of_all_predictors_tell_of_themselves(several: Running) -> None:
    for node, name in (("model", "main"), ("other", "canary")):
        assert json.loads(several.get(f"/api/v1.0/metadata/{node}")[1])["name"] == name
        assert several.get(f"/api/v1.0/status/{node}")[0] == 200
    assert json.loads(several.get("/api/v1.0/metadata")[1])["name"] == "main"
    for model in ("several", "main", "canary", "model", "other"):
        assert several.get(f"/v2/models/{model}/ready")[0] == 200


def test_grpc_and_open_inference_are_shared_too(several: Running) -> None:
    message, tensor = message_class("seldon.protos.SeldonMessage"), {"name": "x", "datatype": "FP64", "shape": [1, 1]}
    request = json_format.ParseDict({"data": {"ndarray": [[1.0]]}}, message())
    with grpc.insecure_channel(f"127.0.0.1:{several.grpc_port}") as channel:
        ask = channel.unary_unary("/seldon.protos.Seldon/Predict", message.SerializeToString, message.FromString)
        over_grpc = {json_format.MessageToDict(ask(request))["data"]["ndarray"][0][0] for _ in range(60)}
    body = {"inputs": [{**tensor, "data": [1.0]}]}
    over_v2 = {several.post("/v2/models/several/infer", body)[1]["outputs"][0]["data"][0] for _ in range(60)}

    assert over_grpc == {"main", "canary"}
    assert over_v2 == {"main", "canary"}


def test_one_predictor_alone(tmp_path: Path) -> None:
    file = manifest(tmp_path, predictor("main"), predictor("dark", shadow=True))
    with serving(tmp_path, tmp_path, str(file), "--predictor", "dark") as running:
        assert running.predict([[1.0]])["data"]["ndarray"] == [["dark"]]
        assert [each["name"] for each in running.status()["predictors"]] == ["dark"]


def test_predictors_with_a_process_for_each_node(tmp_path: Path) -> None:
    file = manifest(tmp_path, predictor("main", traffic=50), predictor("canary", traffic=50))
    with serving(tmp_path, tmp_path, str(file), "--split") as running:
        assert {running.predict([[1.0]])["data"]["ndarray"][0][0] for _ in range(60)} == {"main", "canary"}


def test_shadow_that_hangs_keeps_nothing_alive(tmp_path: Path) -> None:
    file = manifest(tmp_path, predictor("main"), predictor("dark", parameters={"seconds": 300.0}, shadow=True))
    with serving(tmp_path, tmp_path, str(file)) as running:
        assert running.predict([[1.0]])["data"]["ndarray"] == [["main"]]
        wait_until(lambda: sample(running, "servegraph_shadow_copies_total") == 0, 10, "the copy is gone")
        running.process.terminate()
        assert running.process.wait(timeout=15) == 0
    assert running.output.endswith("stopped\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--predictor", "blue"], "error: there is no predictor 'blue'\nhint: the predictors are: main, canary\n"),
        (["--stub", "blue"], "error: there is no node 'blue'\nhint: the nodes are: model\n"),
    ],
)
def test_unknown_name_is_refused(tmp_path: Path, arguments: list[str], told: str) -> None:
    file = manifest(tmp_path, predictor("main", traffic=50), predictor("canary", traffic=50))
    done = command(tmp_path, "run", str(file), *arguments)

    assert (done.returncode, done.stderr) == (2, told)
