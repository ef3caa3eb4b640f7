"""Seldon's gRPC protocol on a graph: the service `seldon.protos.Seldon`.

Source:
    Seldon's executor.
"""

from typing import Any

from servegraph.engine import Backend
from servegraph.engine.context import Context
from servegraph.errors import MalformedArray, UnitFailed
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.serving.grpc_front import Rpc, Services
from servegraph.serving.metadata import graph_metadata, graph_proto, model_proto
from servegraph.spec import PredictorSpec

SERVICE = "seldon.protos.Seldon"


class SeldonRpc:
    """Handlers of Seldon's external service for one graph."""

    def __init__(self, engine: Backend, predictor: PredictorSpec) -> None:
        self._engine = engine
        self._predictor = predictor

    def services(self) -> Services:
        """The service and its methods."""
        return {
            SERVICE: {
                "Predict": Rpc("seldon.protos.SeldonMessage", self._predict),
                "SendFeedback": Rpc("seldon.protos.Feedback", self._feedback),
                "ModelMetadata": Rpc("seldon.protos.SeldonModelMetadataRequest", self._model, tells_puid=False),
                "GraphMetadata": Rpc("google.protobuf.Empty", self._graph, tells_puid=False),
            }
        }

    async def _predict(self, proto: Any, context: Context) -> Any:
        request = Envelope(MESSAGE, "grpc", proto=proto)
        del proto  # which may be large
        return _written(await self._engine.predict(request, context))

    async def _feedback(self, proto: Any, context: Context) -> Any:
        answer = await self._engine.send_feedback(Envelope(FEEDBACK, "grpc", proto=proto), context)
        # Feedback that no root answers comes back as it is, which has no form here.
        return _written(answer) if answer.codec is MESSAGE else message_class("seldon.protos.SeldonMessage")()

    async def _model(self, proto: Any, context: Context) -> Any:
        return model_proto(await self._engine.metadata(proto.name, context))

    async def _graph(self, _empty: Any, context: Context) -> Any:
        return graph_proto(graph_metadata(self._predictor, await self._engine.all_metadata(context)))


def _written(answer: Envelope[Any]) -> Any:
    try:
        return answer.proto()
    except MalformedArray as error:  # a component made what protobuf has no form for
        raise UnitFailed("graph", "answer", str(error.__cause__)) from error
