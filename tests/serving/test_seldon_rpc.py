"""Seldon's gRPC protocol on a graph in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from tests.serving.served import Served, graph_of, serving

from servegraph.payload.schema import message_class
from servegraph.serving.grpc_front import GrpcLimits
from servegraph.serving.seldon_rpc import SERVICE, SeldonRpc
from servegraph.shared import Ledger

PROTOS = "seldon.protos"
CHAIN = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "m", "type": "MODEL"}]}


class Passes:
    def init_metadata(self) -> Any:
        return {"name": "t", "inputs": [{"messagetype": "strData"}]}


class Model:
    def predict(self, X: Any, names: Any) -> Any:
        if isinstance(X, str):
            raise ValueError(f"{X} is no number")
        return X * 2

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        return {"reward": reward, "routing": routing}

    def init_metadata(self) -> Any:
        return {"versions": ["3"], "outputs": [{"messagetype": "tensor", "schema": {"names": ["a"], "shape": [1]}}]}


@asynccontextmanager
async def served(graph: Any = None, ledger: Ledger | None = None) -> AsyncIterator[Served]:
    parts = {"m": Model()} if graph is None else {"t": Passes(), "m": Model()}
    made = graph_of(graph or {"name": "m"}, parts, ledger)
    services = SeldonRpc(made.engine, made.predictor).services()
    async with serving(services=services, limits=GrpcLimits(timeout_s=60)) as fronts:
        yield fronts


async def call(fronts: Served, method: str, request: str, answer: str, **members: Any) -> Any:
    proto = json_format.ParseDict(members, message_class(request)())
    return json_format.MessageToDict(await fronts.call(f"/{SERVICE}/{method}", proto, f"{PROTOS}.{answer}"))


async def predict(fronts: Served, **members: Any) -> Any:
    return await call(fronts, "Predict", f"{PROTOS}.SeldonMessage", "SeldonMessage", **members)


async def feedback(fronts: Served, **members: Any) -> Any:
    return await call(fronts, "SendFeedback", f"{PROTOS}.Feedback", "SeldonMessage", **members)


async def failure(awaitable: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await awaitable
    return caught.value.code(), caught.value.details() or ""


async def test_a_prediction_is_answered():
    async with served() as fronts:
        answer = await predict(fronts, data={"tensor": {"shape": [1, 2], "values": [1, 2]}}, meta={"puid": "p"})
    assert answer == {
        "data": {"names": ["t:0", "t:1"], "tensor": {"shape": [1, 2], "values": [2.0, 4.0]}},
        "meta": {"puid": "p", "requestPath": {"m": "image:1"}},
    }
    assert fronts.heard.answers == [("/seldon.protos.Seldon/Predict", "unary", "OK")]


async def test_an_error_of_a_component_is_told_as_the_component_server_tells_it():
    async with served() as fronts:
        assert await failure(predict(fronts, strData="x")) == (
            grpc.StatusCode.UNKNOWN,
            "Exception calling application: x is no number",
        )
    assert fronts.heard.answers == [("/seldon.protos.Seldon/Predict", "unary", "Unknown")]


async def test_feedback_is_answered_by_the_root():
    async with served() as fronts:
        assert await feedback(fronts, reward=0.5, response={"meta": {"routing": {"m": 7}}}) == {
            "jsonData": {"reward": 0.5, "routing": 7.0},
            "meta": {"requestPath": {"m": "image:1"}},
        }


async def test_feedback_that_no_root_answers_is_answered_with_nothing():
    async with served(CHAIN) as fronts:
        assert await feedback(fronts, reward=0.5) == {}


async def test_feedback_for_an_unknown_prediction_is_not_found():
    async with served(ledger=Ledger()) as fronts:
        answer = await predict(fronts, data={"ndarray": [[1]]})
        named = {"response": {"meta": {"puid": answer["meta"]["puid"]}}}
        assert (await feedback(fronts, reward=1, **named))["jsonData"]["routing"] == -1.0
        assert await feedback(fronts, reward=1, **named) == {}
        code, details = await failure(feedback(fronts, response={"meta": {"puid": "never"}}))
    assert code is grpc.StatusCode.NOT_FOUND
    assert details.startswith("no prediction with puid 'never' is on record")


async def test_metadata_of_a_node():
    request = f"{PROTOS}.SeldonModelMetadataRequest"
    async with served(CHAIN) as fronts:
        assert await call(fronts, "ModelMetadata", request, "SeldonModelMetadata", name="m") == {
            "name": "image",
            "versions": ["3"],
            "outputs": [{"messagetype": "tensor", "schema": {"names": ["a"], "shape": [1.0]}}],
        }
        assert await failure(call(fronts, "ModelMetadata", request, "SeldonModelMetadata", name="x")) == (
            grpc.StatusCode.UNKNOWN,
            "Failed to find model x",
        )


async def test_metadata_of_the_graph():
    async with served(CHAIN) as fronts:
        told = await call(fronts, "GraphMetadata", "google.protobuf.Empty", "SeldonGraphMetadata")
    assert told["name"] == "p"
    assert sorted(told["models"]) == ["m", "t"]
    assert told["inputs"] == [{"messagetype": "strData"}]
    assert told["outputs"] == told["models"]["m"]["outputs"]
