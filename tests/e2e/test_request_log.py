"""The request log of real servers: a process of its own sends what passes, and is as much of the run as the others."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.e2e.running import BIN, Running, children, serving, wait_until
from tests.ports import free_port

ASKED = 40


class Sink(ThreadingHTTPServer):
    """Takes events: type, request id and body of each."""

    events: list[tuple[str, str, bytes]]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.events = []


class _Take(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append((self.headers["Ce-Type"].rpartition(".")[2], self.headers["Ce-Requestid"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def manifest(folder: Path, sink: Sink | None) -> Path:
    graph: dict[str, Any] = {"name": "m", "implementation": "SIMPLE_MODEL"}
    if sink is not None:
        graph["logger"] = {"mode": "all", "url": f"http://127.0.0.1:{sink.server_port}"}
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "logged"},
        "spec": {"predictors": [{"name": "main", "graph": graph}]},
    }
    file = folder / "logged.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def shippers(parent: int) -> list[int]:
    """Process ids of the children that send events."""
    found = []
    for pid in children(parent):
        with suppress(OSError):
            if "\0shipper\0" in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return found


def value(running: Running, result: str) -> int:
    lines = running.get("/prometheus")[1].splitlines()
    wanted = [line for line in lines if line.startswith("servegraph_logged_events") and f'result="{result}"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in wanted)


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--split",)], ids=["one", "workers", "split"])
def test_what_passes_is_sent_even_what_passes_last(tmp_path: Path, sink: Sink, options: tuple[str, ...]):
    with serving(tmp_path, tmp_path, str(manifest(tmp_path, sink)), *options) as running:
        puids = {running.predict([[float(number)]])["meta"]["puid"] for number in range(ASKED)}
        wait_until(lambda: len(sink.events) == 2 * ASKED, 30, "not all was sent")
        (shipper,) = shippers(running.process.pid)
        puids.add(running.predict([[0.5]])["meta"]["puid"])
    assert sorted((kind, puid) for kind, puid, _ in sink.events) == sorted(
        (kind, puid) for kind in ("request", "response") for puid in puids
    )
    assert b'{"data": {"ndarray": [[7.0]]}}' in [body for _, _, body in sink.events]
    assert not Path(f"/proc/{shipper}").exists()
    assert "WARNING" not in running.output


def test_the_process_that_sends_is_started_again_and_what_it_had_is_counted(tmp_path: Path, sink: Sink):
    with serving(tmp_path, tmp_path, str(manifest(tmp_path, sink)), "--workers", "2") as running:
        running.predict([[1.0]])
        wait_until(lambda: value(running, "sent") == 2, 30, "nothing was sent")
        (first,) = shippers(running.process.pid)
        os.kill(first, signal.SIGKILL)
        for _ in range(ASKED):
            running.predict([[1.0]])
        wait_until(lambda: shippers(running.process.pid) not in ([], [first]), 20, "it was not started again")
        everything = 2 + 2 * ASKED
        wait_until(lambda: value(running, "sent") + value(running, "dropped") == everything, 30, "events are missing")


def test_a_graph_without_loggers_has_no_process_for_them(tmp_path: Path):
    with serving(tmp_path, tmp_path, str(manifest(tmp_path, None))) as running:
        running.predict([[1.0]])
        assert shippers(running.process.pid) == []


@contextmanager
def executor(folder: Path, sink: Sink) -> Iterator[Running]:
    http_port, grpc_port, log = free_port(), free_port(), folder / "executor.log"
    ports = ["--http_port", str(http_port), "--grpc_port", str(grpc_port), "--host", "127.0.0.1"]
    identity = ["--sdep", "logged", "--namespace", "ns", "--predictor", "main"]
    command = [str(BIN / "servegraph"), "executor", *identity, *ports, "--file", str(manifest(folder, sink))]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, text=True) as process:
        running = Running(process, folder, http_port, grpc_port, log)
        try:
            wait_until(lambda: _answers(running), 30, "the executor is not ready")
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _answers(running: Running) -> bool:
    assert running.process.poll() is None, running.output
    try:
        return running.get("/ready")[0] == 200
    except OSError:
        return False


def test_the_executor_sends_the_same(tmp_path: Path, sink: Sink):
    with executor(tmp_path, sink) as running:
        running.predict([[1.0]])
        (shipper,) = shippers(running.process.pid)
    assert [kind for kind, _, _ in sorted(sink.events)] == ["request", "response"]
    assert not Path(f"/proc/{shipper}").exists()
