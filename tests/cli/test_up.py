"""`servegraph up`: from an empty project to an answer, and at once the next time."""

import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import FOLDERS, ROOT
from tests.e2e.running import BIN, wait_until
from tests.ports import free_port


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """This repository's own project, before anything was registered."""
    project = tmp_path / "project"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", project)
    return project


@contextmanager
def up(project: Path, log: Path) -> Iterator[Any]:
    """`servegraph up`, ready; the value is its status."""
    port = free_port()
    ports = ["--http-port", str(port), "--grpc-port", str(free_port())]
    announced = project / ".servegraph" / "run.json"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [str(BIN / "servegraph"), "up", "--no-monitor", *ports],
            cwd=project,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or announced.exists(), 90, "it is not ready")
            assert process.poll() is None, log.read_text()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=10) as response:
                yield json.load(response)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def test_up_trains_what_is_missing_and_only_then(untrained: Path, tmp_path: Path) -> None:
    with up(untrained, tmp_path / "first.log") as status:
        assert [node["version"] for node in status["nodes"]] == ["1", "1", None, "1", "1"]
    assert "fitting on 284 rows of 30 features, 285 held out\n" in (tmp_path / "first.log").read_text()

    registry = (untrained / ".servegraph" / "mlflow.db").read_bytes()
    with up(untrained, tmp_path / "second.log") as status:
        assert [node["version"] for node in status["nodes"]] == ["1", "1", None, "1", "1"]
    assert "fitting" not in (tmp_path / "second.log").read_text()
    assert (untrained / ".servegraph" / "mlflow.db").read_bytes() == registry
    assert {path.name for path in untrained.iterdir()} == {*FOLDERS, "pyproject.toml", ".servegraph"}
    for log in ("first.log", "second.log"):
        assert "Traceback" not in (tmp_path / log).read_text()
