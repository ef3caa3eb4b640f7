"""The Open Inference protocol over gRPC, on a graph that is one model of it.

Source:
    `inference.GRPCInferenceService` of the Open Inference specification.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf import json_format

from servegraph.engine import Backend
from servegraph.engine.context import Context
from servegraph.payload.open_inference import proto_of_response, request_of_proto
from servegraph.payload.schema import message_class
from servegraph.serving.grpc_front import Rpc, Services
from servegraph.serving.open_inference_model import SERVER, InferenceModel, infer

SERVICE = "inference.GRPCInferenceService"


class OpenInferenceRpc:
    """Handlers for one graph."""

    def __init__(self, engine: Backend, model: InferenceModel, ready: Callable[[], Awaitable[bool]]) -> None:
        self._engine = engine
        self._model = model
        self._ready = ready

    def services(self) -> Services:
        """The service and its methods."""
        handlers = {
            "ServerLive": self._live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server,
            "ModelMetadata": self._metadata,
            "ModelInfer": self._infer,
        }
        return {SERVICE: {name: Rpc(f"inference.{name}Request", handle) for name, handle in handlers.items()}}

    async def _live(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerLiveResponse")(live=True)

    async def _server_ready(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerReadyResponse")(ready=await self._ready())

    async def _model_ready(self, proto: Any, context: Context) -> Any:
        self._model.check(proto.name, proto.version)
        return message_class("inference.ModelReadyResponse")(ready=await self._ready())

    async def _server(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerMetadataResponse")(**SERVER)

    async def _metadata(self, proto: Any, context: Context) -> Any:
        self._model.check(proto.name, proto.version)
        answer = message_class("inference.ModelMetadataResponse")()
        return json_format.ParseDict(self._model.metadata(), answer, ignore_unknown_fields=True)

    async def _infer(self, proto: Any, context: Context) -> Any:
        self._model.check(proto.model_name, proto.model_version)
        asked, is_raw = request_of_proto(proto), bool(proto.raw_input_contents)
        del proto  # which may be large
        response = await infer(self._engine, self._model, asked, "grpc", context)
        return proto_of_response(response.only(asked.outputs), raw=is_raw)
