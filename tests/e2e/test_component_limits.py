"""What a component server does not take, and what a slow component cannot do to it."""

import http.client
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.e2e.component_running import RunningComponent, serving_component

CODE = """
import time

class Comp:
    def predict(self, X, names):
        if isinstance(X, str) and X.startswith("sleep"):
            time.sleep(float(X.split()[1]))
        return X
"""


def annotations(folder: Path, *lines: str) -> tuple[str, str]:
    path = folder / "annotations"
    path.write_text("\n".join(lines))
    return "--annotations-file", str(path)


def test_a_component_that_takes_too_long_is_504_and_the_next_request_is_answered(tmp_path: Path):
    flags = annotations(tmp_path, 'seldon.io/rest-timeout="1000"', 'other="a=b"')
    with serving_component(tmp_path, CODE, *flags) as component:
        late: list[int] = []
        hanging = threading.Thread(target=lambda: late.append(component.post("/predict", {"strData": "sleep 60"})[0]))
        hanging.start()
        hanging.join(0.5)
        waited = component.post("/predict", {"strData": "x"})
        hanging.join(10)

        assert late == [504]
        assert waited == (200, {"meta": {}, "strData": "x"})
        assert component.post("/predict", {"strData": "x"})[0] == 200
        assert component.stop() == 0


def test_threads_answer_at_once(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--threads", "2") as component:
        done: list[int] = []
        slow = threading.Thread(target=lambda: done.append(component.post("/predict", {"strData": "sleep 2"})[0]))
        slow.start()
        assert component.post("/predict", {"strData": "x"})[0] == 200
        assert done == []
        slow.join(10)
        assert done == [200]


def test_the_annotation_sets_the_size_of_grpc_messages(tmp_path: Path):
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

    flags = annotations(tmp_path, 'seldon.io/grpc-max-message-size="1000"')
    with serving_component(tmp_path, CODE, *flags) as component:
        with grpc.insecure_channel(f"127.0.0.1:{component.grpc_port}") as channel:
            predict = prediction_pb2_grpc.ModelStub(channel).Predict
            assert len(predict(prediction_pb2.SeldonMessage(binData=b"x" * 900), timeout=10).binData) == 900
            with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
                predict(prediction_pb2.SeldonMessage(binData=b"x" * 1000), timeout=10)


def test_a_component_that_hangs_on_the_event_loop_does_not_prevent_the_end(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--max-body-mib", "1") as component:
        connection = http.client.HTTPConnection("127.0.0.1", component.http_port)
        connection.request("POST", "/predict", b'{"strData": "sleep 100"}', {"content-type": "application/json"})
        threading.Event().wait(0.5)

        component.process.send_signal(signal.SIGTERM)
        threading.Event().wait(0.5)
        assert component.stop() == 0  # the second one says now; after a first one it takes 18 s
        connection.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningComponent]:
    with serving_component(tmp_path_factory.mktemp("small"), CODE, "--max-body-mib", "1") as component:
        yield component


def raw(component: RunningComponent, *pieces: bytes) -> bytes:
    """The answer to bytes that are no good HTTP."""
    with socket.create_connection(("127.0.0.1", component.http_port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD + b"content-length: 2000000\r\n\r\n",),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n", *[b"10000\r\n" + b"1" * 65536 + b"\r\n"] * 20, b"0\r\n\r\n"),
    ],
    ids=["said", "chunked"],
)
def test_a_body_over_the_limit_is_413(small: RunningComponent, pieces: tuple[bytes, ...]):
    answer = raw(small, *pieces)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"reason":"MICROSERVICE_BAD_DATA"' in answer


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"x: " + b"y" * 600_000 + b"\r\n\r\n",
        b"POST /predict HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(500)) + b"\r\n",
        b"\x00\xff\xfe nonsense\r\n\r\n",
    ],
    ids=["long header", "many headers", "no HTTP"],
)
def test_heads_that_are_too_large_or_no_http_end_the_connection_only(small: RunningComponent, head: bytes):
    try:
        answer = raw(small, head)
    except OSError:  # it hung up before we had said everything
        answer = b""

    assert answer == b"" or answer.split()[1] in (b"400", b"405", b"431", b"414")
    assert small.predict([[1]])["data"]["ndarray"] == [[1]]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"data":{"ndarray":' + b"[" * 50_000 + b"]" * 50_000 + b"}}", b'{"strData":"\xff"}']
)
def test_hostile_json_is_an_error_and_nothing_else(small: RunningComponent, body: bytes):
    status, _, text = small.ask("POST", "/predict", body, content_type="application/json")

    assert status in (400, 500)
    assert '"status":{"code":-1,' in text
    assert small.predict([[1]])["data"]["ndarray"] == [[1]]
