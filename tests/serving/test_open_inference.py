"""The Open Inference protocol on a graph in this process, over REST and over gRPC, and with Triton's own clients."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc.aio
import tritonclient.http.aio
from google.protobuf import json_format
from tests.serving.served import Served, graph_of, serving
from tritonclient.utils import InferenceServerException

from servegraph import __version__
from servegraph.payload.schema import message_class
from servegraph.serving.common_api import CommonApi
from servegraph.serving.open_inference_api import OpenInferenceApi
from servegraph.serving.open_inference_model import InferenceModel
from servegraph.serving.open_inference_rpc import OpenInferenceRpc
from servegraph.shared import Ledger

GRAPH = {"name": "scale", "type": "TRANSFORMER", "children": [{"name": "double", "type": "MODEL"}]}
SERVICE = "/inference.GRPCInferenceService"
UNKNOWN = "there is no model 'x'; the model's name is 'm'"
NO_VERSION = "model 'm' has no version '2'; it has version 1"


class Scale:
    def transform_input(self, X: Any, names: Any) -> Any:
        X += 1  # in place, as code written for Seldon may
        return X


class Double:
    class_names = ("a", "b")

    def predict(self, X: Any, names: Any) -> Any:
        if X.shape[-1] != 2:
            raise ValueError("two columns, please")
        return X * 2


@asynccontextmanager
async def served(is_ready: bool = True, ledger: Ledger | None = None) -> AsyncIterator[Served]:
    graph = graph_of(GRAPH, {"scale": Scale(), "double": Double()}, ledger)

    async def ready() -> bool:
        return is_ready

    common = CommonApi(ready, lambda: ("", b""), "/prometheus")
    inputs = [{"name": "input", "datatype": "FP64", "shape": [-1, 2]}]
    model = InferenceModel("m", frozenset(("p", "double")), inputs)
    routes = OpenInferenceApi(graph.engine, model, common.ready).routes()
    services = OpenInferenceRpc(graph.engine, model, common.is_ready).services()
    async with serving(routes, services) as fronts:
        yield fronts


def request(*rows: list[float], **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "datatype": "FP64", "shape": [len(rows), len(rows[0])], "data": rows}], **more}


async def infer(fronts: Served, document: Any, path: str = "/v2/models/m/infer") -> tuple[int, Any]:
    answer = await fronts.ask("POST", path, json.dumps(document).encode())
    return answer.status, json.loads(answer.body)


async def get(fronts: Served, path: str) -> tuple[int, Any]:
    answer = await fronts.ask("GET", path)
    return answer.status, json.loads(answer.body) if answer.body else None


async def call(fronts: Served, method: str, **members: Any) -> Any:
    proto = json_format.ParseDict(members, message_class(f"inference.{method}Request")())
    return json_format.MessageToDict(await fronts.call(f"{SERVICE}/{method}", proto, f"inference.{method}Response"))


async def refusal(fronts: Served, method: str, **members: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(fronts, method, **members)
    return caught.value.code(), caught.value.details() or ""


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2/models/m/infer", "m"),
        ("/v2/models/m/versions/1/infer", "m"),
        ("/v2/models/p/infer", "p"),
        ("/v2/models/double/infer", "double"),
        ("/v2/models/infer", "m"),
    ],
)
async def test_the_graph_answers_by_its_names(path: str, name: str):
    async with served() as fronts:
        status, answer = await infer(fronts, request([1, 2], [3, 4], id="i"), path)
    assert (status, answer) == (
        200,
        {
            "model_name": name,
            "model_version": "1",
            "id": "i",
            "outputs": [
                {
                    "name": "predict",
                    "datatype": "FP64",
                    "shape": [2, 2],
                    "parameters": {"names": '["a","b"]'},
                    "data": [4.0, 6.0, 8.0, 10.0],
                }
            ],
        },
    )
    assert fronts.heard.answers == [("predictions", "post", "200")]


async def test_the_id_of_a_request_names_its_prediction():
    ledger = Ledger()
    async with served(ledger=ledger) as fronts:
        assert (await infer(fronts, request([1, 2], id="mine")))[1]["id"] == "mine"
        assert (await infer(fronts, request([1, 2], id="not mine")))[0] == 200
    assert ledger.find("mine") is not None
    assert ledger.find("not mine") is None


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("POST", "/v2/models/x/infer", UNKNOWN),
        ("GET", "/v2/models/x", UNKNOWN),
        ("GET", "/v2/models/x/ready", UNKNOWN),
        ("POST", "/v2/models/m/versions/2/infer", NO_VERSION),
        ("GET", "/v2/models/m/versions/2", NO_VERSION),
        ("GET", "/v2/models/m/versions/2/ready", NO_VERSION),
        ("GET", "/v2/models/infer", "there is no model 'infer'; the model's name is 'm'"),
    ],
)
async def test_what_is_not_here_is_404(method: str, path: str, error: str):
    async with served() as fronts:
        answer = await fronts.ask(method, path, json.dumps(request([1, 2])).encode() if method == "POST" else None)
    assert (answer.status, json.loads(answer.body)) == (404, {"error": error})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"no json", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"inputs":[]}', 400),
        (json.dumps(request([1, 2, 3])).encode(), 500),
    ],
)
async def test_errors_have_the_protocols_form(body: bytes, status: int):
    async with served() as fronts:
        answer = await fronts.ask("POST", "/v2/models/m/infer", body)
    told = json.loads(answer.body)
    assert (answer.status, list(told)) == (status, ["error"])
    assert told["error"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("is_ready", [True, False])
async def test_health_of_server_and_model(is_ready: bool):
    status = 200 if is_ready else 503
    async with served(is_ready) as fronts:
        assert await get(fronts, "/v2/health/live") == (200, {"live": True})
        for path in ("/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/1/ready"):
            assert await get(fronts, path) == (status, None)
        assert await call(fronts, "ServerLive") == {"live": True}
        told = {"ready": True} if is_ready else {}
        assert await call(fronts, "ServerReady") == told
        assert await call(fronts, "ModelReady", name="m", version="1") == told


METADATA = {
    "name": "m",
    "versions": ["1"],
    "platform": "servegraph",
    "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 2]}],
    "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1]}],
}


def with_numbers(metadata: Mapping[str, Any]) -> Any:
    """JSON of protobuf writes int64 as text."""
    return json.loads(
        json.dumps(metadata), object_hook=lambda o: {**o, "shape": list(map(int, o["shape"]))} if "shape" in o else o
    )


async def test_metadata_of_server_and_model():
    server = {"name": "servegraph", "version": __version__, "extensions": ["binary_tensor_data"]}
    async with served() as fronts:
        assert await get(fronts, "/v2") == (200, server)
        assert await call(fronts, "ServerMetadata") == server
        for path in ("/v2/models/m", "/v2/models/p", "/v2/models/m/versions/1"):
            assert await get(fronts, path) == (200, METADATA)
        assert with_numbers(await call(fronts, "ModelMetadata", name="m")) == METADATA


async def test_two_routes_of_one_path_are_both_told():
    async with served() as fronts:
        answer = await fronts.ask("OPTIONS", "/v2/models/infer")
    assert answer.headers["access-control-allow-methods"] == "OPTIONS,POST,GET,OPTIONS"


@pytest.mark.parametrize(
    ("method", "name"), [("ModelInfer", "model_name"), ("ModelReady", "name"), ("ModelMetadata", "name")]
)
async def test_what_is_not_here_is_not_found(method: str, name: str):
    version = "model_version" if name == "model_name" else "version"
    async with served() as fronts:
        assert await refusal(fronts, method, **{name: "x"}) == (grpc.StatusCode.NOT_FOUND, UNKNOWN)
        assert await refusal(fronts, method, **{name: "m", version: "2"}) == (grpc.StatusCode.NOT_FOUND, NO_VERSION)


async def test_grpc_infers_like_rest():
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "contents": {"fp32Contents": [1, 2]}}
    async with served() as fronts:
        answer = await call(fronts, "ModelInfer", modelName="m", id="i", inputs=[tensor])
        assert answer["outputs"][0]["contents"] == {"fp32Contents": [4.0, 6.0]}
        assert (answer["modelName"], answer["modelVersion"], answer["id"]) == ("m", "1", "i")
        wrong = {**tensor, "shape": [1, 3], "contents": {"fp32Contents": [1, 2, 3]}}
        assert await refusal(fronts, "ModelInfer", modelName="m", inputs=[wrong]) == (
            grpc.StatusCode.UNKNOWN,
            "Exception calling application: two columns, please",
        )
        code, _ = await refusal(fronts, "ModelInfer", modelName="m")
        assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_grpc_methods_that_are_not_served_are_unimplemented():
    async with served() as fronts, fronts.channel() as channel:
        for method in ("RepositoryIndex", "ModelConfig", "ModelStreamInfer"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(f"{SERVICE}/{method}")(b"")
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


ROWS = np.arange(200_000, dtype=np.float32).reshape(100_000, 2)


async def ask_triton(module: Any, port: int, rows: Any, **options: Any) -> Any:
    """What Triton's client makes of the answer to its own question."""
    tensor = module.InferInput("x", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, **options)
    outputs = [module.InferRequestedOutput("predict", **options)]
    async with module.InferenceServerClient(f"127.0.0.1:{port}") as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("m", "1")
        with pytest.raises(InferenceServerException) as caught:
            await client.infer("x", [tensor])
        assert caught.value.message() == UNKNOWN
        return await client.infer("m", [tensor], request_id="mine", outputs=outputs)


@pytest.mark.parametrize("is_binary", [True, False])
async def test_tritons_http_client_gets_its_tensors(is_binary: bool):
    rows = ROWS if is_binary else ROWS[:10]
    async with served() as fronts:
        result = await ask_triton(tritonclient.http.aio, fronts.http_port, rows, binary_data=is_binary)
    answer = result.as_numpy("predict")
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer, (rows + 1) * 2)
    assert result.get_response()["id"] == "mine"


async def test_tritons_grpc_client_gets_its_tensors():
    async with served() as fronts:
        result = await ask_triton(tritonclient.grpc.aio, fronts.grpc_port, ROWS)
    answer = result.as_numpy("predict")
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer, (ROWS + 1) * 2)
    assert result.get_response().id == "mine"


async def test_an_output_that_is_not_there_cannot_be_asked_for():
    async with served() as fronts:
        assert await infer(fronts, request([1, 2], outputs=[{"name": "another"}])) == (
            400,
            {"error": "there is no output 'another'; there is 'predict'"},
        )


async def test_binary_tensors_stand_behind_the_json():
    head = json.dumps(
        {
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    body = head + np.array([[1, 2]], "<f4").tobytes()
    async with served() as fronts:
        answer = await fronts.ask(
            "POST",
            "/v2/models/m/infer",
            body,
            content_type="application/octet-stream",
            inference_header_content_length=str(len(head)),
        )
        short = await fronts.ask(
            "POST", "/v2/models/m/infer", body[:-1], inference_header_content_length=str(len(head))
        )
    length = int(answer.headers["inference-header-content-length"])
    assert json.loads(answer.body[:length])["outputs"][0]["parameters"]["binary_data_size"] == 8
    assert np.frombuffer(answer.body[length:], "<f4").tolist() == [4.0, 6.0]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (short.status, list(json.loads(short.body))) == (400, ["error"])
