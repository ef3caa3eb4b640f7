"""Start the real command in a project's folder, talk to it, stop it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port

BIN = Path(sys.executable).parent
READY_S = 60.0


@dataclass
class Running:
    """A running `servegraph run`."""

    process: subprocess.Popen[str]
    project: Path
    http_port: int
    grpc_port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def get(self, path: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, document: object, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"content-type": "application/json", **(headers or {})}
        status, text = self._ask(urllib.request.Request(self.url + path, body, headers))
        return status, json.loads(text)

    def predict(self, data: object) -> Any:
        status, answer = self.post("/api/v1.0/predictions", {"data": {"ndarray": data}})
        assert status == 200, answer
        return answer

    def status(self) -> Any:
        return json.loads(self.get("/status")[1])

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def wait_until(what: Callable[[], bool], seconds: float, message: str) -> float:
    """Seconds until `what()` was true; fails the test after `seconds`."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if what():
            return time.monotonic() - started
        time.sleep(0.05)
    raise AssertionError(f"{message} (waited {seconds} s)")


def command(project: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `servegraph ...` in a project's folder to its end."""
    return subprocess.run(
        [str(BIN / "servegraph"), *arguments], cwd=project, capture_output=True, text=True, timeout=100, **options
    )


@contextmanager
def serving(project: Path, tmp_path: Path, *arguments: str) -> Iterator[Running]:
    """A server that is ready; it is ended, and its children with it, at the end."""
    http_port, grpc_port = free_port(), free_port()
    ports = ["--http-port", str(http_port), "--grpc-port", str(grpc_port)]
    log = tmp_path / f"server-{http_port}.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(BIN / "servegraph"), "run", *arguments, *ports],
            cwd=project,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "SERVEGRAPH_DRIFT_BUSY_RATE": "1000000"},  # on any machine
        )
    running = Running(process, project, http_port, grpc_port, log)
    try:
        wait_until(lambda: _is_ready(running), READY_S, "the server is not ready")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def imports_of(output: str) -> set[str]:
    """The modules that a program imported, run with PYTHONPROFILEIMPORTTIME."""
    return {line.rpartition("|")[2].strip() for line in output.splitlines() if line.startswith("import time:")}


def _is_ready(running: Running) -> bool:
    assert running.process.poll() is None, running.output
    try:
        return running.get("/ready")[0] == 200
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """Process ids of a process's children."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]
