"""The Open Inference protocol toward nodes that speak it: names, chains, and what is not passed on."""

import json
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from tests.remote.components import Received, ok
from tests.serving.relayed import relayed

from servegraph.engine import Engine
from servegraph.payload.schema import message_class
from servegraph.serving.common_api import CommonApi
from servegraph.serving.open_inference_relay import OpenInferenceRelay
from servegraph.spec import PredictorSpec

SERVICE = "/inference.GRPCInferenceService"
REQUEST = {"inputs": [{"name": "x", "datatype": "INT64", "shape": [1], "data": [9007199254740993]}]}
OUTPUTS = b'{"outputs": [{"name": "y", "datatype": "INT64", "shape": [1], "data": [9007199254740993]}]}'


def wire(engine: Engine, _: PredictorSpec) -> Any:
    common = CommonApi(lambda: engine.ready(False), lambda: ("", b""), "/prometheus")
    relay = OpenInferenceRelay(engine, common.ready, common.is_ready)
    return [*relay.routes(), *common.routes()], relay.services()


def answers(received: Received) -> bytes:
    return ok(OUTPUTS if received.method == "POST" else b'{"name": "n", "ready": true}')


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v2/models/infer", ["a", "b"]),
        ("/v2/models/given/infer", ["given", "given"]),
        ("/v2/models/given/versions/7/infer", ["given", "given"]),
    ],
)
async def test_a_name_in_the_path_replaces_those_of_all_nodes(path: str, asked: list[str]):
    async with relayed("v2", wire, answers, nodes=("a", "b")) as graph:
        answer = await graph.fronts.ask("POST", path, json.dumps(REQUEST).encode())
        assert (answer.status, answer.body) == (200, OUTPUTS)
    assert [path for _, path, _ in graph.asked] == [f"/v2/models/{name}/infer" for name in asked]
    first, second = (json.loads(body) for _, _, body in graph.asked)
    assert first == REQUEST
    assert second == {"inputs": json.loads(OUTPUTS)["outputs"]}
    assert graph.fronts.heard.answers == [("predictions", "post", "200")]


@pytest.mark.parametrize(
    ("path", "asked", "service"),
    [("/v2/models/b/ready", "/v2/models/b/ready", "status"), ("/v2/models/b", "/v2/models/b", "metadata")],
)
async def test_a_node_is_asked_about_itself(path: str, asked: str, service: str):
    async with relayed("v2", wire, answers, nodes=("a", "b")) as graph:
        assert await graph.ask("GET", path) == (200, {"name": "n", "ready": True})
    assert graph.asked == [("GET", asked, "")]
    assert graph.fronts.heard.answers == [(service, "get", "200")]


@pytest.mark.parametrize("path", ["/v2/models/x", "/v2/models/x/ready", "/v2/models/x/versions/1"])
async def test_a_node_that_is_not_there_is_the_executors_error(path: str):
    async with relayed("v2", wire) as graph:
        told = {"code": 500, "info": "Failed to find model x", "status": "FAILURE"}
        assert await graph.ask("GET", path) == (500, {"status": told})


@pytest.mark.parametrize("body", [b"no json", b"[1]", b"null", b"{}", b'{"data":{}}'])
async def test_what_cannot_be_passed_on_is_the_executors_error(body: bytes):
    async with relayed("v2", wire) as graph:
        answer = await graph.fronts.ask("POST", "/v2/models/infer", body)
        told = json.loads(answer.body)["status"]
        assert (answer.status, told["code"], told["status"]) == (500, 500, "FAILURE")
        assert graph.asked == []


async def test_the_nodes_own_errors_are_passed_on():
    def refuses(_: Received) -> bytes:
        return ok(b'{"error": "<no>"}', status=404)

    async with relayed("v2", wire, refuses) as graph:
        answer = await graph.fronts.ask("POST", "/v2/models/infer", json.dumps(REQUEST).encode())
    assert (answer.status, answer.body) == (404, b'{"error": "\\u003cno\\u003e"}')


async def test_the_server_speaks_for_itself():
    async with relayed("v2", wire) as graph:
        assert await graph.ask("GET", "/v2/health/live") == (200, {"live": True})
        assert await graph.ask("GET", "/v2/health/ready") == (200, None)
        assert (await graph.ask("GET", "/v2"))[1]["name"] == "servegraph"
        await graph.component.stop()
        assert (await graph.ask("GET", "/v2/health/ready"))[0] == 503
        await graph.component.start()
    assert graph.asked == []


@pytest.mark.parametrize("path", ["/v2/repository/index", "/api/v1.0/feedback", "/api/v1.0/predictions"])
async def test_other_paths_are_not_there(path: str):
    async with relayed("v2", wire) as graph:
        assert (await graph.fronts.ask("POST", path, b"{}")).status == 404


async def answers_grpc(method: str, data: bytes, call: Any) -> bytes:
    match method.rpartition("/")[2]:
        case "ModelInfer":
            asked = message_class("inference.ModelInferRequest").FromString(data)
            answer = {"modelName": asked.model_name, "outputs": [{"name": "y", "datatype": "FP64", "shape": ["1"]}]}
            if not asked.inputs:
                await call.abort(grpc.StatusCode.FAILED_PRECONDITION, "theirs")
        case "ModelReady":
            answer = {"ready": True}
        case _:
            answer = {"name": "n", "platform": "theirs"}
    kind = f"inference.{method.rpartition('/')[2]}Response"
    return bytes(json_format.ParseDict(answer, message_class(kind)()).SerializeToString())


async def call(graph: Any, method: str, **members: Any) -> Any:
    proto = json_format.ParseDict(members, message_class(f"inference.{method}Request")())
    answer = await graph.fronts.call(f"{SERVICE}/{method}", proto, f"inference.{method}Response")
    return json_format.MessageToDict(answer)


async def test_the_same_over_grpc():
    tensor = {"name": "x", "datatype": "FP64", "shape": ["1"], "contents": {"fp64Contents": [1.0]}}
    async with relayed("v2", wire, answer_grpc=answers_grpc, nodes=("a", "b")) as graph:
        assert (await call(graph, "ModelInfer", inputs=[tensor]))["modelName"] == "b"
        assert (await call(graph, "ModelInfer", modelName="given", inputs=[tensor]))["modelName"] == "given"
        assert await call(graph, "ModelReady", name="a") == {"ready": True}
        assert await call(graph, "ModelMetadata", name="a") == {"name": "n", "platform": "theirs"}
        assert await call(graph, "ServerLive") == {"live": True}
        assert await call(graph, "ServerReady") == {"ready": True}
        assert (await call(graph, "ServerMetadata"))["name"] == "servegraph"
    assert graph.asked == []


@pytest.mark.parametrize(
    ("method", "members", "code", "details"),
    [
        ("ModelInfer", {}, grpc.StatusCode.FAILED_PRECONDITION, "theirs"),
        ("ModelReady", {"name": "x"}, grpc.StatusCode.UNKNOWN, "Failed to find model x"),
        ("ModelMetadata", {"name": "x"}, grpc.StatusCode.UNKNOWN, "Failed to find model x"),
    ],
)
async def test_errors_over_grpc(method: str, members: Any, code: grpc.StatusCode, details: str):
    async with relayed("v2", wire, answer_grpc=answers_grpc) as graph:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(graph, method, **members)
    assert (caught.value.code(), caught.value.details()) == (code, details)
