"""The Open Inference protocol toward nodes that speak it: messages are passed on.

Source:
    Seldon's executor with `--protocol v2`: a model's name in a request replaces the name of every
    node; without one the nodes have their own. Beyond it: `/v2`, `/v2/health/live`, versions.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf import json_format

from servegraph.engine import Engine
from servegraph.engine.context import Context
from servegraph.payload.envelope import Envelope
from servegraph.payload.open_inference import OPEN_INFERENCE
from servegraph.payload.schema import message_class
from servegraph.payload.wire_json import dump
from servegraph.serving.faults import relayed_answer
from servegraph.serving.grpc_front import Rpc, Services
from servegraph.serving.open_inference_model import SERVER
from servegraph.serving.open_inference_rpc import SERVICE
from servegraph.serving.routes import Answer, Handler, HttpRequest, Route


class OpenInferenceRelay:
    """Handlers for a graph whose nodes all speak the protocol, over REST and over gRPC."""

    def __init__(self, engine: Engine, ready: Handler, is_ready: Callable[[], Awaitable[bool]]) -> None:
        self._engine = engine
        self._ready = ready
        self._is_ready = is_ready

    def routes(self) -> list[Route]:
        """The REST paths."""
        model, version = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
        return [
            self._route("POST", "/v2/models/infer", self._infer, "predictions"),
            *(self._route("POST", f"{path}/infer", self._infer, "predictions") for path in (model, version)),
            *(self._route("GET", f"{path}/ready", self._model_ready, "status") for path in (model, version)),
            *(self._route("GET", path, self._metadata, "metadata") for path in (model, version)),
            self._route("GET", "/v2/health/ready", self._ready, "status"),
            self._route("GET", "/v2/health/live", self._live, "status"),
            self._route("GET", "/v2", self._server, "metadata"),
        ]

    def _route(self, method: str, path: str, handle: Handler, service: str) -> Route:
        return Route(method, path, handle, service, relayed_answer)

    async def _infer(self, request: HttpRequest) -> Answer:
        request.context.model = request.parameters.get("model")
        answer = await self._engine.predict(Envelope(OPEN_INFERENCE, "rest", text=request.text), request.context)
        return Answer.of(answer.text())

    async def _model_ready(self, request: HttpRequest) -> Answer:
        return Answer.of((await self._engine.health(request.parameters["model"], request.context)).text())

    async def _metadata(self, request: HttpRequest) -> Answer:
        return Answer(200, dump(await self._engine.metadata(request.parameters["model"], request.context)))

    async def _live(self, _: HttpRequest) -> Answer:
        return Answer(200, dump({"live": True}))

    async def _server(self, _: HttpRequest) -> Answer:
        return Answer(200, dump(SERVER))

    def services(self) -> Services:
        """The gRPC service."""
        handlers = {
            "ServerLive": self._live_rpc,
            "ServerReady": self._ready_rpc,
            "ModelReady": self._model_ready_rpc,
            "ServerMetadata": self._server_rpc,
            "ModelMetadata": self._metadata_rpc,
            "ModelInfer": self._infer_rpc,
        }
        return {SERVICE: {name: Rpc(f"inference.{name}Request", handle) for name, handle in handlers.items()}}

    async def _infer_rpc(self, proto: Any, context: Context) -> Any:
        context.model = proto.model_name or None
        return (await self._engine.predict(Envelope(OPEN_INFERENCE, "grpc", proto=proto), context)).proto()

    async def _model_ready_rpc(self, proto: Any, context: Context) -> Any:
        answer = await self._engine.health(proto.name, context)
        # Over REST the status 200 says it, and the body may well be empty.
        document = answer.document() if answer.text().body.startswith(b"{") else {}
        return message_class("inference.ModelReadyResponse")(ready=bool(document.get("ready", True)))

    async def _metadata_rpc(self, proto: Any, context: Context) -> Any:
        answer = message_class("inference.ModelMetadataResponse")()
        return json_format.ParseDict(dict(await self._engine.metadata(proto.name, context)), answer, True)

    async def _live_rpc(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerLiveResponse")(live=True)

    async def _ready_rpc(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerReadyResponse")(ready=await self._is_ready())

    async def _server_rpc(self, _: Any, context: Context) -> Any:
        return message_class("inference.ServerMetadataResponse")(**SERVER)
