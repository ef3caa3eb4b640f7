"""What the pods of a rendered overlay run: the same commands, probes and parameters, on this machine."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
import yaml
from tests.e2e.conftest import copy_project
from tests.e2e.running import BIN, command, serving, wait_until
from tests.ports import free_port

ROW = [[12.0] * 30]
STAGE = '\n[tool.servegraph.env.stage]\nnamespace = "wards"\nenvSecretRefName = "registry"\n'


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory, trained_store: Path) -> Path:
    project = copy_project(tmp_path_factory.mktemp("pods") / "project", trained_store)
    with (project / "pyproject.toml").open("a") as settings:
        settings.write(STAGE)
    return project


def rendered(project: Path, form: str) -> dict[str, Any]:
    """The objects of the overlay by kind; of two ConfigMaps the graph."""
    done = command(project, "render", "--env", "stage", "--form", form, "--output", "-")
    assert done.returncode == 0, done.stderr
    documents = list(yaml.safe_load_all(done.stdout))
    return {item["kind"]: item for item in reversed(documents)}


def container(overlay: dict[str, Any], name: str) -> Any:
    (predictor,) = overlay["SeldonDeployment"]["spec"]["predictors"]
    (pod,) = predictor["componentSpecs"]
    return next(item for item in pod["spec"]["containers"] if item["name"] == name)


def probed(container: Any) -> set[str]:
    return {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}


def files(project: Path) -> set[Path]:
    return {path for path in project.rglob("*") if ".servegraph" not in path.parts and path.name != "__pycache__"}


def test_fused_container_serves_the_mounted_graph_and_writes_only_its_state(
    staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    overlay = rendered(staged, "fused")
    whole = container(overlay, "screening")
    mounted = tmp_path / "graph.yaml"
    mounted.write_text(overlay["ConfigMap"]["data"]["graph.yaml"])
    assert whole["command"][:3] == ["servegraph", "run", "/etc/servegraph/graph.yaml"]
    before = files(staged)

    with serving(staged, tmp_path, str(mounted), "--host", "0.0.0.0", "--no-monitor") as running:
        assert {running.get(path)[0] for path in probed(whole)} == {200}
        assert running.predict(ROW)["meta"]["tags"]["versions"]["scale"] == "screening-scaler/1"
        assert 'servegraph_build_info{deployment_name="screening"' in running.get("/prometheus")[1]
        assert running.get("/seldon/wards/screening/api/v1.0/metadata")[0] == 200

    assert files(staged) == before


def test_split_container_pulls_its_artifact_and_answers_its_probes(staged: Path, tmp_path: Path) -> None:
    overlay = rendered(staged, "split")
    scale = overlay["SeldonDeployment"]["spec"]["predictors"][0]["graph"]
    models = tmp_path / "models"
    models.mkdir()
    done = command(staged, "pull", scale["modelUri"], str(models))
    assert done.returncode == 0, done.stderr

    with as_pod(staged, container(overlay, "scale"), scale["parameters"], models) as (http, metrics):
        assert {get(http, path)[0] for path in probed(container(overlay, "scale"))} == {200}
        assert get(metrics, "/prometheus")[0] == 200
        body = json.dumps({"data": {"ndarray": ROW}}).encode()
        answer = json.loads(get(http, "/transform-input", body)[1])
        assert len(answer["data"]["ndarray"][0]) == 30


@contextmanager
def as_pod(project: Path, container: Any, parameters: list[Any], models: Path) -> Iterator[tuple[int, int]]:
    """The container's command with the environment that the operator gives it; its REST and metrics ports."""
    ports = free_port(), free_port(), free_port()
    names = ("HTTP_SERVICE_PORT", "GRPC_SERVICE_PORT", "METRICS_SERVICE_PORT")
    environment = {
        **os.environ,
        **{item["name"]: item["value"] for item in container["env"]},
        **{f"PREDICTIVE_UNIT_{name}": str(port) for name, port in zip(names, ports, strict=True)},
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "PREDICTIVE_UNIT_ID": container["name"],
        "PREDICTIVE_UNIT_PARAMETERS": json.dumps(parameters).replace("/mnt/models", str(models)),
    }
    program, *arguments = container["command"]
    log = (models.parent / "component.log").open("w+")
    with log, subprocess.Popen([BIN / program, *arguments], cwd=project, env=environment, stderr=log) as process:
        try:
            wait_until(lambda: process.poll() is not None or _answers(ports[0]), 30, "the component does not answer")
            assert process.poll() is None, Path(log.name).read_text()
            yield ports[0], ports[2]
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return get(port, "/health/ping")[0] == 200
    except (URLError, ConnectionError):
        return False


def get(port: int, path: str, body: bytes | None = None) -> tuple[int, str]:
    request = Request(f"http://127.0.0.1:{port}{path}", body, {"content-type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return answer.status, answer.read().decode()
