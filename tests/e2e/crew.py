"""A small graph served by several workers, and clients that know which worker they talk to."""

import http.client
import json
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.running import Running, serving, wait_until

NODES = """
    import os
    import time

    class Who:
        def predict(self, X, names, meta=None):
            time.sleep(float(X[0][0]))
            return X

        def tags(self):
            return {"pid": os.getpid()}

        def metrics(self):
            return [{"type": "COUNTER", "key": "calls", "value": 1}]

        def send_feedback(self, features, names, reward, truth, routing=None):
            if reward < 0:
                raise ValueError("no negative rewards")

    class Threaded(Who):
        def load(self):
            import threading
            threading.Thread(target=threading.Event().wait, daemon=True).start()

    class Watch:
        window = 4
        feature_names = ["x"]

        def load_detector(self):
            pass

        def detect(self, rows):
            drifted = bool(rows.mean() > 0.002)
            return {"is_drift": drifted, "p_values": [0.9], "distances": [0.5], "threshold": 0.01}

        def transform_input(self, X, names):
            return X
"""
GRAPH = """
    from servegraph.graph import ab_test, deployment, model

    who = ab_test("ab", model("a", "nodes.who:Who"), model("b", "nodes.who:Who"))
    graph = deployment("who", who, image="who:1.0")
"""
PREDICTIONS, FEEDBACK = "/api/v1.0/predictions", "/api/v1.0/feedback"


def make_project(folder: Path, graph: str = GRAPH) -> Path:
    """A project whose graph says which worker answered."""
    for name in ("graphs", "nodes"):
        (folder / name).mkdir()
    (folder / "nodes" / "who.py").write_text(textwrap.dedent(NODES))
    (folder / "graphs" / "who.py").write_text(textwrap.dedent(graph))
    (folder / "pyproject.toml").write_text('[tool.servegraph]\ngraph = "graphs/who.py"\n')
    return folder


@dataclass
class Client:
    """One connection that is kept open, to one worker."""

    connection: http.client.HTTPConnection
    pid: int = 0

    def ask(self, path: str, document: object = None) -> tuple[int, Any]:
        """The status, and the answer's JSON or text."""
        method, body = ("GET", None) if document is None else ("POST", json.dumps(document))
        self.connection.request(method, path, body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read().decode()
        return answer.status, json.loads(content) if answer.getheader("content-type") == "application/json" else content

    def predict(self, seconds: float = 0.0, puid: str = "") -> Any:
        """The `meta` of an answer that takes so long."""
        status, answer = self.ask(PREDICTIONS, {"meta": {"puid": puid}, "data": {"ndarray": [[seconds]]}})
        assert status == 200, answer
        return answer["meta"]

    def reward(self, puid: str, reward: float) -> int:
        """The status of a feedback."""
        return self.ask(FEEDBACK, {"response": {"meta": {"puid": puid}}, "reward": reward})[0]

    def value(self, start: str) -> float:
        """The sum of a metric's series whose lines begin so."""
        lines = self.ask("/prometheus")[1].splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(start))


@contextmanager
def one_each(running: Running) -> Iterator[tuple[Client, Client]]:
    """A client for each of two workers."""
    with ExitStack() as stack:
        found: dict[int, Client] = {}

        def has_both() -> bool:
            connection = stack.enter_context(
                closing(http.client.HTTPConnection("127.0.0.1", running.http_port, timeout=20))
            )
            client = Client(connection)
            client.pid = client.predict()["tags"]["pid"]
            found.setdefault(client.pid, client)
            return len(found) == 2

        wait_until(has_both, 20, "some worker answers nobody")
        first, second = found.values()
        yield first, second


@contextmanager
def crew(folder: Path, *arguments: str, graph: str = GRAPH) -> Iterator[Running]:
    """Two workers that are ready."""
    project = folder / "project"
    project.mkdir()
    with serving(make_project(project, graph), folder, "--workers", "2", *arguments) as running:
        yield running


@dataclass
class Exchange:
    """A request of a loaded client: when it began and ended (monotonic), who answered, or what went wrong."""

    began: float
    ended: float
    pid: int | None
    error: str = ""


@contextmanager
def load(running: Running, clients: int) -> Iterator[list[Exchange]]:
    """Clients that ask one question after the other on connections that they keep, and renew when they are closed."""
    seen: list[Exchange] = []
    stop = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.http_port, timeout=20)
        client = Client(connection)
        while not stop.is_set():
            began = time.monotonic()
            try:
                pid, error = client.predict(0.001)["tags"]["pid"], ""
            except (OSError, http.client.HTTPException, AssertionError) as failure:
                pid, error = None, repr(failure)
                connection.close()
            seen.append(Exchange(began, time.monotonic(), pid, error))
            if "Refused" in error:
                break
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
