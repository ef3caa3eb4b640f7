"""What a command imports before it knows that it needs it: nothing heavy, as people wait for it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.running import BIN, imports_of, serving

from servegraph.cli import _COMMANDS

# Seconds each, and hundreds of megabytes together: only whoever uses them pays for them.
HEAVY = {"alibi_detect", "kubernetes", "lightgbm", "mlflow", "onnx", "onnxruntime", "pandas", "scipy", "skl2onnx"}
HEAVY |= {"sklearn", "skops", "tensorflow", "xgboost"}
STUBS = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: plain}
spec:
  annotations: {seldon.io/engine-separate-pod: "true"}
  predictors:
  - name: default
    graph:
      name: ab
      implementation: RANDOM_ABTEST
      parameters: [{name: ratioA, value: "0.5", type: FLOAT}]
      children: [{name: a, implementation: SIMPLE_MODEL}, {name: b, implementation: SIMPLE_MODEL}]
"""
# A quarter of a second each.
SLOW = {"aiohttp", "flask", "grpc", "jinja2", "multipart", "seldon_core"}
SERVING = ("run", "up", "executor", "component", "monitor", "shipper")


def imported(statement: str) -> set[str]:
    """Top-level modules that are there afterwards."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", _COMMANDS)
def test_no_command_imports_what_is_heavy(command: str):
    module = _COMMANDS[command].partition(":")[0]
    found = imported(f"import {module}")
    assert found & HEAVY == set()
    if command in SERVING:
        assert found & SLOW == set()


def test_the_request_log_s_process_imports_no_http_library():
    assert imported("import servegraph.request_log.shipper") & (HEAVY | SLOW) == set()


def test_help_imports_next_to_nothing():
    found = imported("from servegraph.cli import cli\ntry: cli(['--help'])\nexcept SystemExit: pass")
    assert found & (HEAVY | SLOW | {"granian", "numpy", "orjson", "pydantic", "rich", "yaml"}) == set()


def test_a_graph_without_models_imports_nothing_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "graph.yaml").write_text(STUBS)
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with serving(tmp_path, tmp_path, "graph.yaml") as running:
        assert running.predict([[1.0]])["data"]["tensor"]["values"] == [0.1, 0.9, 0.5]
        modules = imports_of(running.output)
    assert {name.partition(".")[0] for name in modules} & (HEAVY | SLOW) == set()
    assert len(modules) < 1050


def test_status_and_check_import_nothing_of_models(tmp_path: Path):
    (tmp_path / "graph.yaml").write_text(STUBS)
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    for command, code in ((["check", "graph.yaml"], 0), (["status"], 3)):
        asked = [sys.executable, "-X", "importtime", str(BIN / "servegraph"), *command]
        done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout
        found = {name.partition(".")[0] for name in imports_of(done.stderr)}
        assert found & (HEAVY | SLOW) == set()
