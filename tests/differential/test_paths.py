"""Paths, methods and services: what exists, what does not, and what a class that defines nothing answers."""

import pytest
from google.protobuf.empty_pb2 import Empty
from seldon_core.proto import prediction_pb2
from tests.differential.asking import Rest, Rpc, post, rpc
from tests.differential.deviations import check
from tests.differential.pair import Pair

PATHS = [
    "/predict",
    "/api/v1.0/predictions",
    "/api/v0.1/predictions",
    "/send-feedback",
    "/api/v1.0/feedback",
    "/api/v0.1/feedback",
    "/transform-input",
    "/transform-output",
    "/route",
    "/aggregate",
]
READ = ["/health/ping", "/health/status", "/api/v1.0/health/status", "/metadata", "/api/v1.0/metadata"]
WRONG = ["/", "/nope", "/predict/", "/combine", "//predict", "/health", "/metrics", "/%2e%2e/predict", "/PREDICT"]
MESSAGE = {"data": {"ndarray": [[1, 2]]}, "meta": {"puid": "p"}}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [*PATHS, *READ, *WRONG])
def test_path_and_method_are_answered_alike(bare: Pair, path: str, method: str) -> None:
    check(bare, Rest(path, b'{"data": {"ndarray": [[1, 2]]}, "meta": {"puid": "p"}}', method=method))


@pytest.mark.parametrize("path", PATHS)
def test_query_is_answered_alike(bare: Pair, path: str) -> None:
    check(bare, Rest(path + "?json=%7B%22strData%22%3A%22x%22%7D", method="GET", type=None))


@pytest.mark.parametrize("path", PATHS)
def test_class_without_methods_answers_alike_over_rest(bare: Pair, path: str) -> None:
    for document in (MESSAGE, {"strData": "x"}, [MESSAGE], {"request": MESSAGE}):
        check(bare, post(path, document))


@pytest.mark.parametrize(
    "method",
    [
        "Model/Predict",
        "Seldon/Predict",
        "Generic/TransformInput",
        "Generic/TransformOutput",
        "Generic/Route",
        "Transformer/TransformInput",
        "Router/Route",
        "OutputTransformer/TransformOutput",
    ],
)
def test_class_without_methods_answers_alike_over_grpc(bare: Pair, method: str) -> None:
    for document in (MESSAGE, {"strData": "x"}, {}):
        check(bare, rpc(method, document))


@pytest.mark.parametrize(
    "method", ["Model/SendFeedback", "Seldon/SendFeedback", "Generic/SendFeedback", "Router/SendFeedback"]
)
def test_feedback_of_class_without_methods_is_answered_alike(bare: Pair, method: str) -> None:
    check(bare, rpc(method, {"request": MESSAGE, "reward": 1}))


@pytest.mark.parametrize("method", ["Combiner/Aggregate", "Generic/Aggregate"])
def test_aggregate_of_class_without_methods_is_answered_alike(bare: Pair, method: str) -> None:
    check(bare, rpc(method, {"seldonMessages": [MESSAGE]}))


@pytest.mark.parametrize("name", ["bare", "decorated", "chameleon"])
def test_metadata_is_answered_alike_over_grpc(request: pytest.FixtureRequest, name: str) -> None:
    pair = request.getfixturevalue(name)
    check(pair, Rpc("Model/Metadata", Empty(), "SeldonModelMetadata"))
    check(pair, Rpc("Seldon/ModelMetadata", prediction_pb2.SeldonModelMetadataRequest(name="x"), "SeldonModelMetadata"))


@pytest.mark.parametrize("method", ["Model/Nope", "Nope/Predict", "Generic/Predict", "Seldon/GraphMetadata"])
def test_call_that_is_not_served_is_answered_alike(bare: Pair, method: str) -> None:
    check(bare, Rpc(method, Empty()))
