"""Several workers: one port, one set of metrics, and no request lost when one of them ends."""

import os
import signal
import threading
from pathlib import Path

import grpc
import pytest
from tests.e2e.component_running import RunningComponent, serving_component, start
from tests.e2e.running import children, wait_until

CODE = """
import os

class Comp:
    def predict(self, X, names):
        return {"pid": os.getpid()}

    def metrics(self):
        return [{"type": "COUNTER", "key": "calls", "value": 1}]
"""


def asking(component: RunningComponent, until: threading.Event) -> tuple[threading.Thread, list[int]]:
    """Ask one question after the other, each on a connection of its own, until told to stop."""
    pids: list[int] = []

    def ask() -> None:
        while not until.is_set():
            pids.append(component.predict([[1]])["jsonData"]["pid"])

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, pids


def grpc_pid(component: RunningComponent) -> int:
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

    # Channels share connections unless they differ.
    own = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{component.grpc_port}", own) as channel:
        answer = prediction_pb2_grpc.ModelStub(channel).Predict(prediction_pb2.SeldonMessage(strData="x"), timeout=10)
    return int(answer.jsonData.struct_value["pid"])


def test_metrics_are_right_across_workers_and_survive_their_end(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--workers", "2", "--grpc-workers", "2") as component:
        workers = children(component.process.pid)
        assert len(workers) == 2
        asked = 0
        pids: set[int] = set()
        while pids != set(workers) and asked < 500:
            pids |= {component.predict([[1]])["jsonData"]["pid"], grpc_pid(component)}
            asked += 2
            assert component.value("calls_total{") == asked
        assert pids == set(workers)

        os.kill(workers[0], signal.SIGKILL)
        assert component.value("calls_total{") == asked
        wait_until(lambda: len(set(children(component.process.pid)) - {workers[0]}) == 2, 5, "no new worker")
        for _ in range(20):
            assert component.predict([[1]])["jsonData"]["pid"] != workers[0]
        assert component.value("calls_total{") == asked + 20
        assert len([line for line in component.metrics() if line.startswith("calls_total{")]) == 2
        assert component.stop() == 0


def test_a_worn_worker_leaves_when_its_successor_answers(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--max-requests", "40", "--max-requests-jitter", "5") as component:
        done = threading.Event()
        threads, pids = zip(*(asking(component, done) for _ in range(3)), strict=True)
        wait_until(lambda: len(set().union(*pids)) >= 3, 40, "workers are not replaced")
        done.set()
        for thread in threads:
            thread.join(20)

        assert component.value("calls_total{") == sum(map(len, pids))
        assert component.stop() == 0


def test_workers_end_when_their_parent_is_killed(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--workers", "2", "--grpc-workers", "0") as component:
        workers = children(component.process.pid)
        component.stop(signal.SIGKILL)

        wait_until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers), 15, "a worker lives on")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_component_that_cannot_be_loaded_stops_the_command(tmp_path: Path, workers: str):
    code = "class Comp:\n    def load(self):\n        raise ValueError('no weights')\n"
    (tmp_path / "Comp.py").write_text(code)
    component = start(tmp_path, "Comp", "--workers", workers)

    assert component.process.wait(timeout=30) == 3
    assert "load() raised ValueError: no weights" in component.output
    assert "Traceback" not in component.output


def test_what_was_accepted_is_answered_before_the_end(tmp_path: Path):
    slow = CODE.replace("        return {", "        import time; time.sleep(0.5)\n        return {")
    with serving_component(tmp_path, slow, "--workers", "2", "--grpc-workers", "1", "--threads", "4") as component:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(component.predict([[1]])["jsonData"]["pid"]))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: sum(thread.is_alive() for thread in threads) == 8, 5, "requests are not under way")
        threading.Event().wait(0.2)
        assert component.stop() == 0
        for thread in threads:
            thread.join(10)

        assert len(answers) == 8
