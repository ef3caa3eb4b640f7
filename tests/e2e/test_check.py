"""The real `servegraph check` and `servegraph explain`, in a project's folder."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from tests.e2e.conftest import ROOT
from tests.e2e.running import BIN, command

BROKEN = """\
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata:
  name: churn
spec:
  annotations:
    seldon.io/rest-timeout: 5000  # ms
  predictors:
  - name: default
    replica: 1
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models/churn/1
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "churn.yaml"
    path.write_text(BROKEN)
    return path


def test_findings_are_shown_with_their_lines(manifest: Path):
    done = command(manifest.parent, "check", "churn.yaml", "--select", "SG1")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:-1] == [
        "error[SG102]: `seldon.io/rest-timeout` must be a string, not the integer 5000",
        " --> churn.yaml:7:29",
        "  |",
        "7 |     seldon.io/rest-timeout: 5000  # ms",
        "  |                             ^^^^",
        '  = help: put it in quotes: "5000"',
        "",
        "warning[SG104]: `replica` is no field of this object",
        "  --> churn.yaml:10:5",
        "   |",
        "10 |     replica: 1",
        "   |     ^^^^^^^",
        "   = help: did you mean `replicas`?",
        "",
    ]
    assert lines[-1].startswith("1 error, 1 warning in 1 file (")


def test_fix_leaves_a_file_that_is_clean(manifest: Path):
    done = command(manifest.parent, "check", "churn.yaml", "--fix", "--select", "SG1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "2 fixed, 1 file, no findings"
    assert manifest.read_text() == BROKEN.replace("5000", '"5000"').replace("replica:", "replicas:")


def test_wrong_calls_are_two_and_one_line(manifest: Path):
    for arguments in (
        ["check", "none.yaml"],
        ["check", "churn.yaml", "--select", "SG999"],
        ["explain", "SG999"],
        ["check"],
    ):
        done = command(manifest.parent, *arguments)
        assert done.returncode == 2, arguments
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr


def test_standard_input_may_be_what_render_prints(manifest: Path):
    done = command(manifest.parent, "check", "-", "--format", "json", "--select", "SG1", input=BROKEN)
    assert done.returncode == 1
    assert json.loads(done.stdout)[0] == {
        "file": "<stdin>",
        "line": 7,
        "column": 29,
        "code": "SG102",
        "level": "error",
        "path": 'spec.annotations["seldon.io/rest-timeout"]',
        "message": "`seldon.io/rest-timeout` must be a string, not the integer 5000",
        "help": 'put it in quotes: "5000"',
    }


def test_project_of_this_repository_has_no_error():
    done = command(ROOT, "check", "--format", "json")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""


def test_colours_are_for_terminals_that_want_them(manifest: Path):
    assert "\x1b[1;31merror[SG102]" in on_terminal(manifest.parent, {"TERM": "xterm"})
    assert "\x1b" not in on_terminal(manifest.parent, {"TERM": "xterm", "NO_COLOR": "1"})
    assert "\x1b" not in command(manifest.parent, "check", "churn.yaml").stdout


def on_terminal(folder: Path, environment: dict[str, str]) -> str:
    """What `servegraph check` prints on a terminal."""
    ours, theirs = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    call = [str(BIN / "servegraph"), "check", "churn.yaml", "--select", "SG102"]
    process = subprocess.Popen(call, cwd=folder, stdout=theirs, env=clean | environment)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(ours)
        process.wait(timeout=60)
    return said.decode()
