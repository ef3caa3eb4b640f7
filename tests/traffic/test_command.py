"""The command as people and scripts call it: what it prints, how it ends."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "servegraph.cli", "traffic", *arguments]


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=project, capture_output=True, text=True, timeout=60)


def test_json_summary_tells_all_of_a_run_with_a_shift(project: Path, url: str, front: Any) -> None:
    options = ("--rate", "200", "--windows", "4", "--shift", "inverted", "--shift-at", "20", "--json")
    done = run(project, "--url", url, *options)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert set(found) == {
        "sent", "ok", "failed", "reasons", "seconds", "rate", "p50_ms", "p99_ms",
        "split", "accuracy", "feedback", "drift", "shift",
    }  # fmt: skip
    assert (found["sent"], found["ok"], found["failed"], found["reasons"]) == (40, 40, 0, {})
    assert found["split"] == {"boosting": 0.25, "logistic": 0.75}
    assert found["accuracy"] == {"boosting": 0.5, "logistic": 0.5}
    assert found["feedback"] == {"ok": 40, "failed": 0}
    assert found["drift"]["verdict"] == "drift"
    assert found["drift"]["windows"] == {"drift": 2, "ok": 2}
    [alarm] = found["drift"]["alarms"]
    assert (alarm["node"], alarm["verdict"]) == ("drift", "drift")
    # The thirtieth row fills the first window after the shift.
    assert 20 <= alarm["row"] <= 40
    assert found["shift"] == {"name": "inverted", "at": 20, "accuracy": {"boosting": 0.0, "logistic": 0.0}}
    assert 0.19 < found["seconds"] < 10
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert [feedback["reward"] for feedback in front.feedback].count(1.0) == 20


def test_failed_predictions_are_reported_with_their_reason_and_exit_code_1(project: Path, url: str, front: Any) -> None:
    front.failures = {3: (500, "logistic.predict: boom"), 7: (500, "logistic.predict: boom"), 9: (503, "draining")}
    done = run(project, "--url", url, "--rate", "200", "--rows", "20")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert "  2 x HTTP 500: logistic.predict: boom" in lines
    assert "  1 x HTTP 503: draining" in lines
    assert "feedback 17 joined, 0 failed" in lines
    assert any(line.startswith("sent 20 rows in ") and line.endswith(", 3 failed") for line in lines)


def test_unreachable_server_is_one_error_with_its_fix_and_exit_code_3(project: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = run(project, "--url", f"http://127.0.0.1:{free.getsockname()[1]}")
    assert done.returncode == 3
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: no server answers at http://127.0.0.1:")
    assert hint == "hint: run `servegraph up` first"


def test_what_runs_in_the_project_is_found_without_a_url(project: Path, url: str, front: Any) -> None:
    (project / ".servegraph").mkdir()
    running = {"host": "127.0.0.1", "http_port": int(url.rpartition(":")[2]), "grpc_port": 1, "pid": 1}
    (project / ".servegraph" / "run.json").write_text(json.dumps(running))
    done = run(project, "--rate", "200", "--rows", "5", "--no-feedback", "--json")
    assert json.loads(done.stdout)["ok"] == 5
    assert (len(front.rows), front.feedback) == (5, [])


def test_unknown_shift_names_those_there_are(project: Path, url: str) -> None:
    done = run(project, "--url", url, "--shift", "earthquake")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: there is no shift 'earthquake'",
        "hint: this project has: none, inverted",
    ]


def test_windows_need_a_detector(project: Path, url: str, front: Any) -> None:
    front.has_detector = False
    done = run(project, "--url", url, "--windows", "2")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: the server has no drift detector that reports"


def test_interrupt_prints_the_summary_so_far(project: Path, url: str, front: Any) -> None:
    arguments = command("--url", url, "--rate", "50", "--rows", "100000", "--json")
    with subprocess.Popen(arguments, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert front.wait_for_rows(5)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    found = json.loads(output)
    assert found["sent"] == found["ok"] == len(front.rows)
    assert found["shift"] == {"name": "none", "at": None, "accuracy": {}}
