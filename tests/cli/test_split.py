"""Nodes in processes of their own: ready when they answer, whole again after a kill, gone at the end."""

import json
import os
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.supervisor.children import is_alive, kill, until_true

from servegraph.cli.assemble import LoadedNode
from servegraph.cli.split import Server, SplitNodes
from servegraph.cli.split_command import NodeAddress, environment
from servegraph.errors import EnvironmentFault
from servegraph.project import Project
from servegraph.spec import PredictorSpec

ADDER = """
class Adder:
    def __init__(self, amount):
        self.amount = amount

    def predict(self, X, names, meta=None):
        return X + self.amount

    def tags(self):
        import os
        return {"pid": os.getpid(), "folder": os.getcwd()}
"""
BROKEN = """
class Broken:
    def load(self):
        raise RuntimeError("the model is not there")

    def predict(self, X, names):
        return X
"""
PREDICTOR = PredictorSpec.model_validate(
    {
        "name": "p",
        "annotations": {"version": "v7"},
        "graph": {"name": "one", "type": "MODEL", "children": [{"name": "two", "type": "MODEL"}]},
        "componentSpecs": [
            {"spec": {"containers": [{"name": "one", "image": "one:1.2", "env": [{"name": "EXTRA", "value": "e"}]}]}}
        ],
    }
)
BOTH = [pytest.param("servegraph", id="servegraph"), pytest.param("seldon-core", id="seldon-core")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "adding.py").write_text(ADDER)
    (tmp_path / "models" / "broken.py").write_text(BROKEN)
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    return Project(tmp_path)


def nodes(project: Project, tmp_path: Path, server: Server, *references: str, said: list[Any]) -> SplitNodes:
    units = list(PREDICTOR.graph.walk())
    loaded = [
        LoadedNode(unit, reference, arguments={"amount": number} if "Adder" in reference else {})
        for number, (unit, reference) in enumerate(zip(units, references, strict=False), start=1)
    ]
    folder = tmp_path / "private"
    folder.mkdir()
    return SplitNodes(project, "dep", PREDICTOR, loaded, server, folder, lambda *line: said.append(line))


@asynccontextmanager
async def running(split: SplitNodes) -> AsyncIterator[list[str]]:
    ready: list[str] = []
    await split.start(lambda name, seconds: ready.append(name))
    try:
        yield ready
    finally:
        await split.stop()


def predict(split: SplitNodes, node: str) -> Any:
    url = f"http://127.0.0.1:{split.addresses[node].http_port}/predict"
    body = json.dumps({"data": {"ndarray": [[1.0]]}}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def answers(split: SplitNodes, node: str) -> bool:
    try:
        return bool(predict(split, node))
    except OSError:
        return False


def processes(folder: Path) -> list[int]:
    """Processes that were told to serve a project's node."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            said = (entry / "environ").read_bytes() if entry.name.isdecimal() else b""
        except OSError:
            continue
        if f"TEST_RUN={folder}\0".encode() in said + b"\0":
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid() and is_alive(pid)]


@pytest.mark.parametrize("server", BOTH)
async def test_each_node_answers_with_its_class_and_parameters_until_the_end(
    project: Project, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEST_RUN", str(tmp_path))
    split = nodes(project, tmp_path, server, "models.adding:Adder", "models.adding.Adder", said=[])
    async with running(split) as ready:
        assert sorted(ready) == ["one", "two"]
        one, two = predict(split, "one"), predict(split, "two")
        assert (one["data"]["ndarray"], two["data"]["ndarray"]) == ([[2.0]], [[3.0]])
        assert one["meta"]["requestPath"] == {"one": "one:1.2"}
        assert one["meta"]["tags"]["pid"] != two["meta"]["tags"]["pid"]
        assert len(processes(tmp_path)) >= 2
        assert split.restarts() == {"one": 0, "two": 0}
    await until_true(lambda: processes(tmp_path) == [])


# On an idle machine 1.2 s for ours: the start of a process, which takes longer where other tests run beside it.
@pytest.mark.parametrize(("server", "within"), [("servegraph", 8.0), ("seldon-core", 15.0)])
async def test_a_killed_node_is_whole_again_at_the_same_address(
    project: Project, tmp_path: Path, server: Server, within: float
):
    split = nodes(project, tmp_path, server, "models.adding:Adder", said=[])
    async with running(split):
        pid = split.pids()["one"]
        assert pid
        killed = monotonic()
        kill(pid)
        await until_true(lambda: split.restarts() == {"one": 1})
        await until_true(lambda: answers(split, "one"))
        assert monotonic() - killed < within


@pytest.mark.parametrize("server", BOTH)
async def test_a_node_that_cannot_start_is_named_with_its_last_words(
    project: Project, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEST_RUN", str(tmp_path))
    said: list[tuple[str, str]] = []
    split = nodes(project, tmp_path, server, "models.adding:Adder", "models.broken:Broken", said=said)
    with pytest.raises(EnvironmentFault, match="^node 'two' ended before it was ready; it said last:\n") as failed:
        await split.start(lambda name, seconds: None)
    assert "the model is not there" in str(failed.value)
    assert any(name == "two" and "the model is not there" in line for name, line in said)
    await until_true(lambda: processes(tmp_path) == [])


def test_a_node_is_told_who_it_is(project: Project):
    node = LoadedNode(PREDICTOR.graph, "models.adding:Adder", arguments={"model_uri": "/m", "ratio": 0.5, "on": True})
    said = environment("dep", PREDICTOR, node, NodeAddress("127.0.0.1", 9000, 9500, 6000))
    parameters = [
        {"name": "model_uri", "value": "/m", "type": "STRING"},
        {"name": "ratio", "value": "0.5", "type": "DOUBLE"},
        {"name": "on", "value": "true", "type": "BOOL"},
    ]
    assert json.loads(said.pop("PREDICTIVE_UNIT_PARAMETERS")) == parameters
    assert said == {
        "EXTRA": "e",
        "PREDICTIVE_UNIT_ID": "one",
        "PREDICTIVE_UNIT_IMAGE": "one:1.2",
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "9000",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": "9500",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": "6000",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "PREDICTOR_ID": "p",
        "PREDICTOR_LABELS": '{"version": "v7"}',
        "SELDON_DEPLOYMENT_ID": "dep",
        "SELDON_EXECUTOR_ENABLED": "true",
    }
