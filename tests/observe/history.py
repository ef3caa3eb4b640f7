"""A graph whose whole history is known: at every scrape the same things happen once more.

So every counter is a straight line, and a ratio of rates is exact at whatever moment it is asked.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from servegraph.observe.metrics import Metrics, NodeLabels
from servegraph.verdict import DetectorState, MonitorReport

DETECTOR_RAN = 600.0  # seconds before the start
PREDICT = "/seldon.protos.Seldon/Predict"


def node(artifact: str | None = None, branches: tuple[str, ...] = ()) -> NodeLabels:
    known = artifact is not None
    return NodeLabels(
        image="servegraph",
        image_version="0.1.0",
        artifact=artifact,
        artifact_version="3" if known else None,
        digest="sha256:ab12" if known else None,
        branches=branches,
    )


NODES = {
    "scale": node("screening-scaler"),
    "drift": node("screening-reference"),
    "ab": node(branches=("logistic", "boosting")),
    "logistic": node("screening-logistic"),
    "boosting": node("screening-boosting"),
}


class History:
    """Plays `steps` steps, one per `render`, and then stands still."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.done = 0
        self.started_at = time.time()
        self.metrics = Metrics("screening", "main", "", NODES, self.report)

    def render(self) -> tuple[str, bytes]:
        if self.done < self.steps:
            self.done += 1
            self._requests()
            self._nodes()
            self._feedback()
        return self.metrics.render()

    def report(self) -> MonitorReport:
        state = DetectorState(
            node="drift",
            verdict="drift",
            reason="mean radius",
            features=("radius", "texture", "area"),
            p_values={"radius": 0.0001, "texture": 0.4, "area": float("nan")},
            distances={"radius": 0.31, "texture": 0.04, "area": float("nan")},
            threshold=0.0017,
            missing={"radius": 0.0, "texture": 0.0, "area": 0.25},
            windows={"ok": 3 * self.done, "drift": self.done, "blind": 0, "error": 0},
            window=200,
            waiting=17,
            last_run=self.started_at - DETECTOR_RAN,
        )
        return MonitorReport(
            connected=True, queued=5, sent=40 * self.done, dropped=2 * self.done, detectors={"drift": state}
        )

    def _requests(self) -> None:
        """40 predictions: 2 failed by gRPC, 1 is the caller's mistake; a failed feedback is no prediction."""
        for code in ["200"] * 19 + ["400"]:
            self.metrics.request_done("predictions", "post", code, 0.003)
        for code in ["OK"] * 18 + ["Internal"] * 2:
            self.metrics.request_done(PREDICT, "unary", code, 0.0008)
        for code in ["200"] * 8 + ["404", "500"]:
            self.metrics.request_done("feedback", "post", code, 0.0002)

    def _nodes(self) -> None:
        for _ in range(40):
            self.metrics.node_called("scale", "/transform-input", "post", "200", 0.0002)
        for code in ["200"] * 30 + ["500"] * 2:
            self.metrics.node_called("logistic", "/predict", "post", code, 0.0008)
        for _ in range(8):
            self.metrics.node_called("boosting", "/predict", "post", "200", 0.003)
        for branch in [0] * 32 + [1] * 8:
            self.metrics.routed("ab", branch)

    def _feedback(self) -> None:
        for reward in [1.0] * 12 + [0.0] * 4:
            self.metrics.feedback("joined", {"ab": 0}, reward, 30.0)
        for reward in [1.0, -0.5]:
            self.metrics.feedback("joined", {"ab": 1}, reward, 30.0)
        self.metrics.feedback("unknown", {}, 1.0, 0.0)


class Endpoint:
    """Serves a history over HTTP while the block lasts; the value is the URL to scrape."""

    def __init__(self, history: History) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(history))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/prometheus"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(history: History) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content_type, body = history.render()
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass  # the test's output is enough

    return Handler
