"""Start `servegraph component` for a class given as text, talk to it, stop it."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.running import BIN, wait_until
from tests.ports import free_port

READY_S = 30.0


@dataclass
class RunningComponent:
    """A component server that answers."""

    process: subprocess.Popen[str]
    http_port: int
    grpc_port: int
    metrics_port: int
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ask(
        self, method: str, path: str, body: bytes | None = None, port: int | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers with lower-case names, and body."""
        url = f"http://127.0.0.1:{port or self.http_port}{path}"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, names, method=method), timeout=20) as answer:
                return answer.status, _lower(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read().decode()

    def post(self, path: str, document: object) -> tuple[int, Any]:
        status, _, text = self.ask("POST", path, json.dumps(document).encode(), content_type="application/json")
        return status, json.loads(text)

    def predict(self, rows: object) -> Any:
        status, answer = self.post("/predict", {"data": {"ndarray": rows}})
        assert status == 200, answer
        return answer

    def metrics(self) -> list[str]:
        """The lines of a scrape."""
        return self.ask("GET", "/metrics", port=self.metrics_port)[2].splitlines()

    def value(self, series: str) -> float:
        """The sum of all samples whose line begins like that."""
        return sum(float(line.rpartition(" ")[2]) for line in self.metrics() if line.startswith(series))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def start(folder: Path, reference: str, *arguments: str, environment: dict[str, str] | None = None) -> RunningComponent:
    """The command with free ports, not yet ready."""
    ports = [free_port() for _ in range(3)]
    log = folder / "server.log"
    names = ("--http-port", "--grpc-port", "--metrics-port")
    given = [word for name, port in zip(names, ports, strict=True) for word in (name, str(port))]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(BIN / "servegraph"), "component", reference, *given, "--host", "127.0.0.1", *arguments],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
    return RunningComponent(process, *ports, log)


@contextmanager
def serving_component(
    folder: Path, code: str, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[RunningComponent]:
    """A server of the class `Comp` in this code; it is ended, and its children with it, at the end."""
    (folder / "Comp.py").write_text(code, encoding="utf-8")
    running = start(folder, "Comp", *arguments, environment=environment)
    try:
        wait_until(lambda: _is_ready(running), READY_S, "the component is not ready")
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def _is_ready(running: RunningComponent) -> bool:
    assert running.process.poll() is None, running.output
    try:
        return running.ask("GET", "/health/ping")[2] == "pong" and "REST on" in running.output
    except OSError:
        return False
