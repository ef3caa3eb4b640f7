"""The three protocols that components speak.

Source:
    Seldon's executor. Open Inference and TensorFlow Serving know no routers and combiners: the
    paths for these are Seldon's own, and exist over REST only; feedback does not exist there.
"""

from functools import cache
from typing import Literal

from servegraph.engine import Method
from servegraph.payload import open_inference, tensorflow_serving
from servegraph.remote.dialect import Dialect, Rpc

RemoteProtocol = Literal["seldon", "v2", "kfserving", "tensorflow"]
_TRANSFORMS = (Method.PREDICT, Method.TRANSFORM_INPUT, Method.TRANSFORM_OUTPUT)


@cache
def dialect_of(protocol: RemoteProtocol) -> Dialect:
    """The dialect of a protocol; kfserving is an old name of v2."""
    match protocol:
        case "seldon":
            return _seldon()
        case "v2" | "kfserving":
            return _open_inference()
        case "tensorflow":
            return _tensorflow()


def _seldon() -> Dialect:
    def rpc(path: str, request: str = "SeldonMessage", answer: str = "SeldonMessage") -> Rpc:
        return Rpc(f"/seldon.protos.{path}", f"seldon.protos.{request}", f"seldon.protos.{answer}")

    return Dialect(
        paths={method: method.value for method in Method},
        rpcs={
            Method.PREDICT: rpc("Model/Predict"),
            Method.TRANSFORM_INPUT: rpc("Transformer/TransformInput"),
            Method.TRANSFORM_OUTPUT: rpc("OutputTransformer/TransformOutput"),
            Method.ROUTE: rpc("Router/Route"),
            Method.AGGREGATE: rpc("Combiner/Aggregate", "SeldonMessageList"),
            Method.SEND_FEEDBACK: rpc("Model/SendFeedback", "Feedback"),
        },
        status="/health/status",
        metadata="/metadata",
        health="/api/v1.0/health/status",
        status_rpc=None,
        metadata_rpc=Rpc("/seldon.protos.Model/Metadata", "google.protobuf.Empty", "seldon.protos.SeldonModelMetadata"),
    )


def _open_inference() -> Dialect:
    def rpc(name: str) -> Rpc:
        return Rpc(f"/inference.GRPCInferenceService/{name}", f"inference.{name}Request", f"inference.{name}Response")

    model = "/v2/models/{model}"
    return Dialect(
        paths={
            **dict.fromkeys(_TRANSFORMS, f"{model}/infer"),
            Method.ROUTE: f"{model}/route",
            Method.AGGREGATE: f"{model}/aggregate",
        },
        rpcs=dict.fromkeys(_TRANSFORMS, rpc("ModelInfer")),
        status=f"{model}/ready",
        metadata=model,
        health="/v2/health/ready",
        status_rpc=rpc("ModelReady"),
        metadata_rpc=rpc("ModelMetadata"),
        chained_document=open_inference.chained_document,
        chained_proto=open_inference.chained_proto,
    )


def _tensorflow() -> Dialect:
    def rpc(path: str, messages: str) -> Rpc:
        package = "tensorflow.serving"
        return Rpc(f"/{package}.{path}", f"{package}.{messages}Request", f"{package}.{messages}Response")

    model = "/v1/models/{model}"
    predict = rpc("PredictionService/Predict", "Predict")
    others = [
        rpc("PredictionService/Classify", "Classification"),
        rpc("PredictionService/Regress", "Regression"),
        rpc("PredictionService/MultiInference", "MultiInference"),
    ]
    return Dialect(
        paths={
            **dict.fromkeys(_TRANSFORMS, f"{model}:predict"),
            Method.ROUTE: f"{model}:route",
            Method.AGGREGATE: f"{model}:aggregate",
        },
        rpcs=dict.fromkeys(_TRANSFORMS, predict),
        rpc_of_request={rpc.request: rpc for rpc in others},
        status=model,
        metadata=f"{model}/metadata",
        health=None,
        status_rpc=rpc("ModelService/GetModelStatus", "GetModelStatus"),
        metadata_rpc=rpc("PredictionService/GetModelMetadata", "GetModelMetadata"),
        chained_document=tensorflow_serving.chained_document,
        chained_proto=tensorflow_serving.chained_proto,
    )
