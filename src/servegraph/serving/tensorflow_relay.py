"""TensorFlow Serving's protocol toward nodes that speak it: messages are passed on.

Source:
    Seldon's executor with `--protocol tensorflow`; feedback is echoed, as its nodes hear none.
"""

from typing import Any

from google.protobuf import json_format

from servegraph.engine import Engine
from servegraph.engine.context import Context
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK
from servegraph.payload.tensorflow_serving import TENSORFLOW_SERVING
from servegraph.payload.wire_json import dump
from servegraph.serving.faults import relayed_answer
from servegraph.serving.grpc_front import Handler as RpcHandler
from servegraph.serving.grpc_front import Rpc, Services
from servegraph.serving.routes import Answer, Handler, HttpRequest, Route

PREDICTIONS = "tensorflow.serving.PredictionService"
MODELS = "tensorflow.serving.ModelService"


class TensorflowRelay:
    """Handlers for a graph whose nodes all speak the protocol, over REST and over gRPC."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def routes(self) -> list[Route]:
        """The REST paths; the forms without a model are Seldon's own, and use the nodes' names."""
        named, unnamed = ("{model}:predict", "{model}/:predict"), (":predict", "/:predict")
        paths = [*(f"/v1/models{path}" for path in unnamed), *(f"/v1/models/{path}" for path in named)]
        return [
            *(self._route("POST", path, self._predict, "predictions") for path in paths),
            self._route("GET", "/v1/models/{model}", self._status, "status"),
            self._route("GET", "/v1/models/{model}/metadata", self._metadata, "metadata"),
            self._route("POST", "/api/v1.0/feedback", self._feedback, "feedback"),
        ]

    def _route(self, method: str, path: str, handle: Handler, service: str) -> Route:
        return Route(method, path, handle, service, relayed_answer)

    async def _predict(self, request: HttpRequest) -> Answer:
        request.context.model = request.parameters.get("model") or None
        answer = await self._engine.predict(Envelope(TENSORFLOW_SERVING, "rest", text=request.text), request.context)
        return Answer.of(answer.text())

    async def _status(self, request: HttpRequest) -> Answer:
        return Answer.of((await self._engine.health(request.parameters["model"], request.context)).text())

    async def _metadata(self, request: HttpRequest) -> Answer:
        return Answer(200, dump(await self._engine.metadata(request.parameters["model"], request.context)))

    async def _feedback(self, request: HttpRequest) -> Answer:
        answer = await self._engine.send_feedback(Envelope(FEEDBACK, "rest", text=request.text), request.context)
        return Answer.of(answer.text())

    def services(self) -> Services:
        """The gRPC services."""
        asked = {"Classify": "Classification", "Regress": "Regression", "Predict": "Predict"}
        predictions = {name: self._rpc(f"{kind}Request", self._predict_rpc) for name, kind in asked.items()}
        predictions["MultiInference"] = self._rpc("MultiInferenceRequest", self._predict_rpc)
        predictions["GetModelMetadata"] = self._rpc("GetModelMetadataRequest", self._metadata_rpc)
        models = {"GetModelStatus": self._rpc("GetModelStatusRequest", self._status_rpc)}
        return {PREDICTIONS: predictions, MODELS: models}

    def _rpc(self, request: str, handle: RpcHandler) -> Rpc:
        return Rpc(f"tensorflow.serving.{request}", handle, tells_puid=False)

    async def _predict_rpc(self, proto: Any, context: Context) -> Any:
        asked = proto.tasks[:1] if proto.DESCRIPTOR.name == "MultiInferenceRequest" else [proto]
        context.model = next((each.model_spec.name for each in asked), "") or None
        return (await self._engine.predict(Envelope(TENSORFLOW_SERVING, "grpc", proto=proto), context)).proto()

    async def _metadata_rpc(self, proto: Any, context: Context) -> Any:
        document = await self._engine.metadata(proto.model_spec.name, context)
        answer = message_class("tensorflow.serving.GetModelMetadataResponse")()
        return json_format.ParseDict(dict(document), answer, True)

    async def _status_rpc(self, proto: Any, context: Context) -> Any:
        document = (await self._engine.health(proto.model_spec.name, context)).document()
        answer = message_class("tensorflow.serving.GetModelStatusResponse")()
        return json_format.ParseDict(document, answer, True)
