"""A small HTTP server that answers as the graph's front does, and a project with four rows.

Its models say the class that stands in a row's first value; one of the project's four rows goes to `boosting`,
and the n-th request can be made to fail. After each window of ten rows it says drift if most of them have a
second value above 50. Rows may come in another order than they were sent in.
"""

import json
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

WINDOW = 10


class Front:
    def __init__(self) -> None:
        self.rows: list[list[float]] = []
        self.feedback: list[dict[str, Any]] = []
        self.failures: dict[int, tuple[int, str]] = {}
        self.has_detector = True
        self.windows = {"ok": 0, "drift": 0}
        self.verdict = "ok"
        self.changed = threading.Condition()

    def wait_for_rows(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.rows) >= count, timeout=30)

    def answer(self, path: str, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self.changed:
            if path == "/status":
                return 200, self._status()
            if path == "/api/v1.0/feedback":
                self.feedback.append(document)
                return 200, {"meta": {"puid": document["response"]["meta"]["puid"]}}
            assert path == "/api/v1.0/predictions"
            return self._predict(document["data"]["ndarray"][0])

    def _predict(self, row: list[float]) -> tuple[int, dict[str, Any]]:
        number = len(self.rows)
        self.rows.append(row)
        self.changed.notify_all()
        if len(self.rows) % WINDOW == 0 and self.has_detector:
            self.verdict = "drift" if sum(row[1] > 50 for row in self.rows[-WINDOW:]) > WINDOW / 2 else "ok"
            self.windows[self.verdict] += 1
        if number in self.failures:
            code, info = self.failures[number]
            return code, {"status": {"code": code, "info": info, "status": "FAILURE"}}
        arm, name = (1, "boosting") if row[1] % 100 == 4 else (0, "logistic")
        meta = {
            "puid": f"p{number}",
            "routing": {"drift": -1, "ab": arm, name: -1},
            "tags": {} if self.verdict == "ok" else {"drift": self.verdict},
        }
        second = min(row[0], 1.0)
        return 200, {"meta": meta, "data": {"names": ["no", "yes"], "ndarray": [[1 - second, second]]}}

    def _status(self) -> dict[str, Any]:
        state = {"node": "drift", "verdict": self.verdict, "features": [], "windows": self.windows}
        state |= {"window": WINDOW, "waiting": len(self.rows) % WINDOW}
        monitor = {"connected": True, "queued": 0, "sent": 0, "dropped": 0, "detectors": {"drift": state}}
        nodes = [{"name": "drift", "children": ["ab"]}, {"name": "ab", "children": ["logistic", "boosting"]}]
        return {"nodes": nodes, "monitor": monitor if self.has_detector else None}


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet
        timeout = 20

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            code, document = front.answer(self.path, json.loads(content or b"{}"))
            body = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def front() -> Front:
    return Front()


@pytest.fixture
def url(front: Front) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(front)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


TRAINING = """
    from dataclasses import dataclass
    import numpy as np

    @dataclass(frozen=True)
    class Data:
        rows: np.ndarray
        labels: np.ndarray
        feature_names: tuple[str, ...] = ("class", "size")
        class_names: tuple[str, ...] = ("no", "yes")

    def held_out(csv, label):
        return Data(np.array([[0.0, 1.0], [1.0, 2.0], [0.0, 3.0], [1.0, 4.0]]), np.array([0, 1, 0, 1]))

    def _inverted(rows, labels, rng):
        return np.column_stack([1 - rows[:, 0], rows[:, 1] + 100]), labels

    SHIFTS = {"none": lambda rows, labels, rng: (rows, labels), "inverted": _inverted}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.servegraph]\ntraining = "models.toy"\n')
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "toy.py").write_text(textwrap.dedent(TRAINING))
    return tmp_path
