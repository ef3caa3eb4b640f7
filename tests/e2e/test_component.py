"""`servegraph component` in one process: paths, methods, errors, gRPC, metrics, its end."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.e2e.component_running import RunningComponent, serving_component
from tests.e2e.running import children, wait_until

CODE = """
import time

class Comp:
    def predict(self, X, names, meta=None):
        if isinstance(X, str) and X == "exit":
            raise SystemExit(3)
        if isinstance(X, str) and X == "interrupt":
            raise KeyboardInterrupt
        if isinstance(X, str) and X == "fail":
            raise ValueError("boom")
        return X

    def route(self, X, names):
        return 1

    def send_feedback(self, X, names, reward, truth, routing=None):
        return None

    def metrics(self):
        return [{"type": "COUNTER", "key": "calls", "value": 1}, {"type": "GAUGE", "key": "no-name", "value": 1}]

    def custom_service(self):
        print("the service runs", flush=True)
        time.sleep(60)
"""
ENVIRONMENT = {"PREDICTIVE_UNIT_ID": "unit", "PREDICTIVE_UNIT_IMAGE": "reg:5000/img:1.2"}
REWARDS = 'seldon_api_model_feedback_reward_total{deployment_name="NOT_IMPLEMENTED"'
NOT_FOUND = (
    "404 Not Found: The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
NOT_ALLOWED = "405 Method Not Allowed: The method is not allowed for the requested URL."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningComponent]:
    with serving_component(tmp_path_factory.mktemp("component"), CODE, environment=ENVIRONMENT) as component:
        yield component


@pytest.fixture(scope="module")
def channel(running: RunningComponent) -> Iterator[grpc.Channel]:
    sizes = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}", sizes) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/predict", "/api/v1.0/predictions", "/api/v0.1/predictions"])
def test_predict_answers_at_all_its_paths(running: RunningComponent, path: str):
    status, answer = running.post(path, {"data": {"ndarray": [[1, 2]]}})

    assert status == 200
    assert answer["data"] == {"names": ["t:0", "t:1"], "ndarray": [[1, 2]]}
    assert answer["meta"]["requestPath"] == {"unit": "reg:5000/img:1.2"}


def test_get_takes_the_message_from_the_query(running: RunningComponent):
    status, headers, text = running.ask("GET", "/predict?json=%7B%22strData%22%3A%22x%22%7D")

    assert (status, headers["content-type"], json.loads(text)["strData"]) == (200, "application/json", "x")


@pytest.mark.parametrize(
    ("method", "path", "info"),
    [
        ("GET", "/nope", NOT_FOUND),
        ("GET", "/", NOT_FOUND),
        ("POST", "/", NOT_FOUND),
        ("GET", "/api/v1.0/predictions", NOT_FOUND),
        ("POST", "/nope", NOT_ALLOWED),
        ("POST", "/predict/", NOT_ALLOWED),
        ("PUT", "/predict", NOT_ALLOWED),
        ("DELETE", "/nope", NOT_ALLOWED),
        ("POST", "/health/ping", NOT_ALLOWED),
    ],
)
def test_wrong_paths_and_methods_are_500(running: RunningComponent, method: str, path: str, info: str):
    status, headers, text = running.ask(method, path, b"{}" if method == "POST" else None)

    assert (status, headers["content-type"]) == (500, "application/json")
    body = {"status": {"code": -1, "info": info, "reason": "MICROSERVICE_INTERNAL_ERROR", "status": 1}}
    assert text == json.dumps(body, separators=(",", ":")) + "\n"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/predict", "OPTIONS, GET, HEAD, POST"),
        ("/api/v1.0/feedback", "OPTIONS, GET, HEAD, POST"),
        ("/health/ping", "OPTIONS, GET, HEAD"),
        ("/nope", "OPTIONS, GET, HEAD"),
    ],
)
def test_options_tells_the_methods(running: RunningComponent, path: str, allow: str):
    status, headers, text = running.ask("OPTIONS", path)

    assert (status, headers["allow"], text) == (200, allow, "")
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-methods" not in headers


def test_a_browser_s_preflight_is_answered(running: RunningComponent):
    asks = {"origin": "http://a.b", "access_control_request_method": "POST", "access_control_request_headers": "X-A"}
    _, headers, _ = running.ask("OPTIONS", "/predict", None, None, **asks)

    assert headers["access-control-allow-origin"] == "http://a.b"
    assert headers["vary"] == "Origin"
    assert headers["access-control-allow-methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert headers["access-control-allow-headers"] == "X-A"


def test_head_is_get_without_the_body(running: RunningComponent):
    status, headers, text = running.ask("HEAD", "/health/ping")

    assert (status, headers["content-length"], text) == (200, "4", "")


def test_a_long_request_line_is_refused_as_gunicorn_does(running: RunningComponent):
    status, headers, text = running.ask("GET", "/predict?json=" + "1" * 9000)

    assert (status, headers["content-type"]) == (400, "text/html")
    assert "Request Line is too large (8192 &gt; 4094)" in text


def test_metadata_and_the_api_s_description(running: RunningComponent):
    metadata = json.loads(running.ask("GET", "/metadata")[2])
    document = json.loads(running.ask("GET", "/seldon.json")[2])

    assert (metadata["name"], metadata["versions"]) == ("reg:5000/img", ["1.2"])
    assert {"/aggregate", "/predict", "/route", "/send-feedback", "/transform-input", "/transform-output"} <= set(
        document["paths"]
    )


@pytest.mark.parametrize(("word", "info"), [("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt")])
def test_a_component_cannot_end_the_server(running: RunningComponent, channel: grpc.Channel, word: str, info: str):
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

    status, answer = running.post("/predict", {"strData": word})
    with pytest.raises(grpc.RpcError) as failed:
        prediction_pb2_grpc.ModelStub(channel).Predict(prediction_pb2.SeldonMessage(strData=word), timeout=10)

    assert status == 500
    assert info in answer["status"]["info"]
    assert info in failed.value.details()
    assert running.predict([[1]])["data"]["ndarray"] == [[1]]


def test_the_original_s_stubs_reach_all_seven_services(channel: grpc.Channel):
    from google.protobuf import empty_pb2
    from seldon_core.proto import prediction_pb2 as pb
    from seldon_core.proto import prediction_pb2_grpc as stubs

    message, feedback = pb.SeldonMessage(strData="x"), pb.Feedback(reward=1)
    generic, model, seldon = stubs.GenericStub(channel), stubs.ModelStub(channel), stubs.SeldonStub(channel)
    answers = [
        generic.TransformInput(message),
        generic.TransformOutput(message),
        stubs.TransformerStub(channel).TransformInput(message),
        stubs.OutputTransformerStub(channel).TransformOutput(message),
        model.Predict(message),
        seldon.Predict(message),
    ]

    assert [answer.strData for answer in answers] == ["x"] * 6
    for router in (generic, stubs.RouterStub(channel)):
        assert router.Route(message).data.tensor.values == [1.0]
    for fed in (generic, model, seldon, stubs.RouterStub(channel)):
        assert fed.SendFeedback(feedback).meta.requestPath == {"unit": "reg:5000/img:1.2"}
    for described in (model.Metadata(empty_pb2.Empty()), seldon.ModelMetadata(pb.SeldonModelMetadataRequest())):
        assert (described.name, described.versions) == ("reg:5000/img", ["1.2"])


@pytest.mark.parametrize(
    ("service", "method", "message", "code", "details"),
    [
        ("Model", "Predict", b"\x1a\xff", "INTERNAL", "Exception deserializing request!"),
        ("Model", "Predict", b"\x2a\x04fail", "UNKNOWN", "Exception calling application: boom"),
        ("Combiner", "Aggregate", b"", "UNKNOWN", "Exception calling application: "),
        (
            "Seldon",
            "GraphMetadata",
            b"",
            "UNKNOWN",
            "Exception calling application: GraphMetadata not available on the Model level.",
        ),
        ("Generic", "Predict", b"", "UNIMPLEMENTED", "Method not found!"),
    ],
)
def test_grpc_errors(channel: grpc.Channel, service: str, method: str, message: bytes, code: str, details: str):
    call = channel.unary_unary(f"/seldon.protos.{service}/{method}")
    with pytest.raises(grpc.RpcError) as failed:
        call(message, timeout=10)

    assert failed.value.code().name == code
    assert failed.value.details().startswith(details)


def test_grpc_takes_four_mebibytes_and_no_more(channel: grpc.Channel):
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

    predict = prediction_pb2_grpc.ModelStub(channel).Predict
    large = prediction_pb2.SeldonMessage(binData=b"x" * (4 * 2**20 - 10))
    with pytest.raises(grpc.RpcError) as failed:
        predict(prediction_pb2.SeldonMessage(binData=b"x" * 4 * 2**20), timeout=10)

    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert predict(large, timeout=10, metadata=()).binData == large.binData


def test_reflection_names_the_services(channel: grpc.Channel):
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
    (answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10)

    assert {service.name for service in answer.list_services_response.service} == {
        *(f"seldon.protos.{name}" for name in ("Generic", "Model", "Router", "Transformer", "OutputTransformer")),
        "seldon.protos.Combiner",
        "seldon.protos.Seldon",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_metrics_of_the_component_and_feedback(running: RunningComponent):
    before, rewards = running.value("calls_total{"), running.value(REWARDS)
    running.predict([[1]])
    running.post("/send-feedback", {"reward": 0.5})
    status, headers, text = running.ask("GET", "/metrics", port=running.metrics_port)

    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8; charset=utf-8"
    assert running.value("calls_total{") == before + 2
    assert running.value(REWARDS) == rewards + 0.5
    assert 'model_image="reg:5000/img",model_name="unit",model_version="1.2"' in text
    assert running.value("servegraph_custom_metrics_refused_total") >= 1
    assert running.output.count("no-name") == 1


def test_other_paths_of_the_metrics_port_are_plain_errors(running: RunningComponent):
    assert running.ask("GET", "/nope", port=running.metrics_port)[0] == 404
    assert running.ask("POST", "/metrics", b"", port=running.metrics_port)[0] == 405


def test_the_custom_service_is_the_only_child_and_ends_with_the_server(tmp_path: Path):
    with serving_component(tmp_path, CODE, "--pidfile", str(tmp_path / "pid")) as component:
        (service,) = children(component.process.pid)
        assert (tmp_path / "pid").read_text() == f"{component.process.pid}\n"
        wait_until(lambda: "the service runs" in component.output, 20, "the service does not run")

        assert component.stop(signal.SIGINT) == 0
    assert not (tmp_path / "pid").exists()
    assert subprocess.run(["ps", "-p", str(service)], capture_output=True, check=False).returncode == 1
