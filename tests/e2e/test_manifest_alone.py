"""A manifest and a class in any folder: no project, no image, no cluster."""

from pathlib import Path
from time import monotonic

import pytest
from tests.e2e.running import command, serving

SLOW = """
import os
import time


class Slow:
    def __init__(self):
        self.word = os.environ["WORD"]

    def predict(self, X, names):
        time.sleep(float(X[0, 0]))
        return [[self.word]]
"""
MANIFEST = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: slow}
spec:
  annotations: {seldon.io/rest-timeout: "600"}
  predictors:
    - name: main
      graph: {name: slow, type: MODEL}
      componentSpecs:
        - spec:
            containers:
              - name: slow
                image: slow:1
                env: [{name: MODEL_NAME, value: Slow}, {name: WORD, value: hello}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Slow.py").write_text(SLOW)
    (tmp_path / "slow.yaml").write_text(MANIFEST)
    return tmp_path


def test_class_gets_its_containers_variables_and_a_deadline(folder: Path) -> None:
    with serving(folder, folder, "slow.yaml") as running:
        assert running.predict([[0.0]])["data"]["ndarray"] == [["hello"]]

        started = monotonic()
        status, answer = running.post("/api/v1.0/predictions", {"data": {"ndarray": [[3.0]]}})
        assert (status, answer["status"]["info"]) == (504, "the graph did not answer in time")
        assert monotonic() - started < 2.5
        assert running.get("/live")[0] == 200


def test_server_that_needs_its_container_is_refused_with_the_fix(tmp_path: Path) -> None:
    graph = "graph: {name: m, implementation: TRITON_SERVER, modelUri: 'gs://models/x'}"
    (tmp_path / "server.yaml").write_text(
        "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata: {name: s}\n"
        f"spec: {{predictors: [{{name: p, {graph}}}]}}\n"
    )
    done = command(tmp_path, "run", "server.yaml")

    assert done.returncode == 2
    assert "error: node 'm': TRITON_SERVER is not run here" in done.stderr
    assert "--stub NODE" in done.stderr


def test_without_a_manifest_a_project_is_needed(tmp_path: Path) -> None:
    done = command(tmp_path, "run")

    assert done.returncode == 2
    assert "no servegraph project at or above" in done.stderr
