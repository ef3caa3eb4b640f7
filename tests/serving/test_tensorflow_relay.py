"""TensorFlow Serving's protocol toward nodes that speak it: routes, names, and the echo of feedback."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from tests.remote.components import Received, ok
from tests.serving.relayed import relayed

from servegraph.engine import Engine
from servegraph.payload.schema import message_class
from servegraph.serving.tensorflow_relay import TensorflowRelay
from servegraph.spec import PredictorSpec

SERVING = "tensorflow.serving"


def wire(engine: Engine, _: PredictorSpec) -> Any:
    relay = TensorflowRelay(engine)
    return relay.routes(), relay.services()


def answers(received: Received) -> bytes:
    return ok(b'{"predictions": [[2.0]]}' if received.method == "POST" else b'{"told": true}')


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/models:predict", ["a", "b"]),
        ("/v1/models/:predict", ["a", "b"]),
        ("/v1/models/given:predict", ["given", "given"]),
        ("/v1/models/given/:predict", ["given", "given"]),
    ],
)
async def test_predictions_become_the_next_nodes_instances(path: str, asked: list[str]):
    async with relayed("tensorflow", wire, answers, nodes=("a", "b")) as graph:
        assert await graph.ask("POST", path, {"instances": [[1]]}) == (200, {"predictions": [[2.0]]})
    assert [path for _, path, _ in graph.asked] == [f"/v1/models/{name}:predict" for name in asked]
    assert [json.loads(body) for _, _, body in graph.asked] == [{"instances": [[1]]}, {"instances": [[2.0]]}]
    assert graph.fronts.heard.answers == [("predictions", "post", "200")]


@pytest.mark.parametrize(("path", "service"), [("/v1/models/m", "status"), ("/v1/models/m/metadata", "metadata")])
async def test_a_node_is_asked_about_itself(path: str, service: str):
    async with relayed("tensorflow", wire, answers) as graph:
        assert await graph.ask("GET", path) == (200, {"told": True})
    assert graph.asked == [("GET", path, "")]
    assert graph.fronts.heard.answers == [(service, "get", "200")]


async def test_feedback_comes_back_and_reaches_nobody():
    body = b'{ "reward": 1, "own": "<" }'
    async with relayed("tensorflow", wire) as graph:
        answer = await graph.fronts.ask("POST", "/api/v1.0/feedback", body)
        assert (answer.status, answer.body) == (200, body.replace(b"<", b"\\u003c"))
        assert graph.asked == []
    assert graph.fronts.heard.answers == [("feedback", "post", "200")]


@pytest.mark.parametrize("path", ["/v1/models/m:classify", "/v1/models/m:regress", "/v1/models/m"])
async def test_what_only_looks_like_a_model_is_405(path: str):
    async with relayed("tensorflow", wire) as graph:
        assert (await graph.fronts.ask("POST", path, b"{}")).status == 405
        answer = await graph.fronts.ask("OPTIONS", path)
    assert answer.headers["access-control-allow-methods"] == "GET,OPTIONS"


async def test_two_routes_of_one_path_are_both_told():
    async with relayed("tensorflow", wire) as graph:
        answer = await graph.fronts.ask("OPTIONS", "/v1/models/m:predict")
    assert answer.headers["access-control-allow-methods"] == "OPTIONS,POST,GET,OPTIONS"


@pytest.mark.parametrize(
    "path", ["/v1/models/", "/v1/models", "/v1/models/m/versions/1", "/v2/models/m", "/api/v1.0/predictions"]
)
async def test_other_paths_are_not_there(path: str):
    async with relayed("tensorflow", wire) as graph:
        assert (await graph.fronts.ask("POST", path, b"{}")).status == 404


@pytest.mark.parametrize("body", [b"no json", b"[1]", b"null", b"{}"])
async def test_what_cannot_be_passed_on_is_the_executors_error(body: bytes):
    async with relayed("tensorflow", wire) as graph:
        answer = await graph.fronts.ask("POST", "/v1/models:predict", body)
        told = json.loads(answer.body)["status"]
        assert (answer.status, told["code"], told["status"]) == (500, 500, "FAILURE")
        assert graph.asked == []


async def test_a_node_that_is_not_there_is_the_executors_error():
    async with relayed("tensorflow", wire) as graph:
        for path in ("/v1/models/x", "/v1/models/x/metadata"):
            told = {"code": 500, "info": "Failed to find model x", "status": "FAILURE"}
            assert await graph.ask("GET", path) == (500, {"status": told})


async def answers_grpc(method: str, data: bytes, call: Any) -> bytes:
    name = method.rpartition("/")[2]
    asked = message_class(f"{SERVING}.{name}Request").FromString(data)
    answer: dict[str, Any] = {"modelSpec": {"name": asked.model_spec.name + "!"}}
    if name == "GetModelStatus":
        answer = {"model_version_status": [{"version": "3", "state": "AVAILABLE"}]}
    return bytes(json_format.ParseDict(answer, message_class(f"{SERVING}.{name}Response")()).SerializeToString())


async def call(graph: Any, service: str, method: str) -> Any:
    proto = json_format.ParseDict({"modelSpec": {"name": "m"}}, message_class(f"{SERVING}.{method}Request")())
    told = await graph.fronts.call(f"/{SERVING}.{service}/{method}", proto, f"{SERVING}.{method}Response")
    return json_format.MessageToDict(told)


async def test_the_same_over_grpc():
    async with relayed("tensorflow", wire, answer_grpc=answers_grpc) as graph:
        for method in ("Predict", "GetModelMetadata"):
            assert await call(graph, "PredictionService", method) == {"modelSpec": {"name": "m!"}}
        assert await call(graph, "ModelService", "GetModelStatus") == {
            "model_version_status": [{"version": "3", "state": "AVAILABLE"}]
        }
    assert graph.asked == []
    assert [code for _, _, code in graph.fronts.heard.answers] == ["OK", "OK", "OK"]
