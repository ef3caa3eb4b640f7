"""Which paths and services a graph has."""

from collections.abc import Callable, Mapping
from typing import Any

from servegraph.engine import Backend, Engine
from servegraph.payload.wire_json import dump
from servegraph.remote import RemoteProtocol
from servegraph.serving.common_api import CommonApi
from servegraph.serving.grpc_front import Services
from servegraph.serving.open_inference_api import OpenInferenceApi
from servegraph.serving.open_inference_model import InferenceModel
from servegraph.serving.open_inference_relay import OpenInferenceRelay
from servegraph.serving.open_inference_rpc import OpenInferenceRpc
from servegraph.serving.openapi import GraphDescription
from servegraph.serving.openapi_routes import openapi_routes
from servegraph.serving.routes import Answer, HttpRequest, Route
from servegraph.serving.seldon_api import SeldonApi
from servegraph.serving.seldon_rpc import SeldonRpc
from servegraph.serving.tensorflow_relay import TensorflowRelay
from servegraph.spec import PredictorSpec, SeldonDeployment


def relay_routes(
    protocol: RemoteProtocol,
    engine: Engine,
    predictor: PredictorSpec,
    common: CommonApi,
    description: GraphDescription,
) -> list[Route]:
    """The REST paths of a graph whose nodes speak one protocol, as Seldon's executor has them."""
    match protocol:
        case "v2" | "kfserving":
            own = OpenInferenceRelay(engine, common.ready, common.is_ready).routes()
        case "tensorflow":
            own = TensorflowRelay(engine).routes()
        case _:
            own = SeldonApi(engine, predictor, common.ready).routes()
    return [*own, *common.routes(), *openapi_routes(description)]


def relay_services(protocol: RemoteProtocol, engine: Engine, predictor: PredictorSpec, common: CommonApi) -> Services:
    """The gRPC services of the same."""
    match protocol:
        case "v2" | "kfserving":
            return OpenInferenceRelay(engine, common.ready, common.is_ready).services()
        case "tensorflow":
            return TensorflowRelay(engine).services()
    return SeldonRpc(engine, predictor).services()


def graph_routes(
    backend: Backend,
    predictor: PredictorSpec,
    common: CommonApi,
    model: InferenceModel,
    description: GraphDescription,
    status: Callable[[], Mapping[str, Any]],
    deployment: SeldonDeployment,
) -> list[Route]:
    """The REST paths of `servegraph run`: Seldon's and Open Inference's, on any graph.

    `status` is what `servegraph status` shows; the deployment is what `servegraph plan` compares with.
    """

    async def told(_: HttpRequest) -> Answer:
        return Answer(200, dump(status()))

    async def shown(_: HttpRequest) -> Answer:
        return Answer(200, dump(deployment.as_json()))

    return [
        *SeldonApi(backend, predictor, common.ready, lenient=True).routes(),
        *OpenInferenceApi(backend, model, common.ready).routes(),
        *common.routes(),
        Route("GET", "/status", told),
        Route("GET", "/deployment", shown),
        *openapi_routes(description),
    ]


def graph_services(backend: Backend, predictor: PredictorSpec, common: CommonApi, model: InferenceModel) -> Services:
    """The gRPC services of the same."""
    return {**SeldonRpc(backend, predictor).services(), **OpenInferenceRpc(backend, model, common.is_ready).services()}
