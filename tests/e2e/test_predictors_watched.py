"""What watches predictors tells them apart: drift monitors, and events for a sink."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml
from tests.e2e.running import serving, wait_until

COMPONENTS = """
class Watch:
    window = 2
    feature_names = ["x"]

    def load_detector(self):
        pass

    def detect(self, rows):
        drifted = bool(rows.mean() > 10)
        p_value = 0.001 if drifted else 0.9
        return {"is_drift": drifted, "p_values": [p_value], "distances": [0.5], "threshold": 0.01}

    def transform_input(self, X, names):
        return X


class Same:
    def predict(self, X, names):
        return X
"""


@contextmanager
def sink() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """An HTTP server for events; it lists the type, the node and the predictor of each."""
    events: list[tuple[str, str, str]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.headers["Ce-Type"].rpartition(".")[2]
            events.append((kind, self.headers["Ce-Modelid"], self.headers["Ce-Endpoint"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", events
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def manifest(folder: Path, url: str) -> Path:
    (folder / "parts.py").write_text(COMPONENTS)
    classes = {"watch": "parts:Watch", "same": "parts:Same"}
    containers = [
        {"name": name, "image": "parts:1", "env": [{"name": "MODEL_NAME", "value": reference}]}
        for name, reference in classes.items()
    ]
    same = {"name": "same", "type": "MODEL", "logger": {"mode": "request", "url": url}}
    graph = {"name": "watch", "type": "TRANSFORMER", "children": [same]}
    shares = {"main": {"traffic": 50}, "canary": {"traffic": 50}, "dark": {"shadow": True}}
    predictors = [
        {"name": name, "graph": graph, "componentSpecs": [{"spec": {"containers": containers}}], **share}
        for name, share in shares.items()
    ]
    kind = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment"}
    document = {**kind, "metadata": {"name": "watched"}, "spec": {"predictors": predictors}}
    file = folder / "watched.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_each_predictor_has_its_verdict_and_its_events(tmp_path: Path) -> None:
    with sink() as (url, events), serving(tmp_path, tmp_path, str(manifest(tmp_path, url))) as running:

        def verdicts() -> dict[str, str]:
            return {name: each["verdict"] for name, each in running.status()["monitor"]["detectors"].items()}

        def asked(value: float) -> set[str]:
            running.predict([[value], [value + 1.0]])
            return set(verdicts().values())

        assert set(verdicts()) == {"main/watch", "canary/watch", "dark/watch"}
        wait_until(lambda: asked(1.0) == {"ok"}, 30, "not every window was tested")
        wait_until(lambda: asked(99.0) == {"drift"}, 30, "the drift was not seen")
        assert running.predict([[99.0], [100.0]])["meta"]["tags"]["watch"] == "drift"
        lines = running.get("/prometheus")[1].splitlines()
        drifting = [line for line in lines if line.startswith("servegraph_drift_state{") and 'state="drift"' in line]
        assert len(drifting) == 3
        assert all(line.endswith(" 1.0") for line in drifting)
        sources = {("request", "same", name) for name in ("main", "canary", "dark")}
        wait_until(lambda: set(events) == sources, 10, "not every predictor was logged")
