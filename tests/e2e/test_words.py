"""Every word of Seldon's contract, through the real front: one process, real ports."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tests.e2e.running import Running, serving

from servegraph.payload.schema import message_class

MESSAGE = message_class("seldon.protos.SeldonMessage")


@pytest.fixture(scope="module")
def words(words_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(words_project, tmp_path_factory.mktemp("run")) as running:
        yield running


@pytest.fixture(scope="module")
def echo(words_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(words_project, tmp_path_factory.mktemp("run"), "graphs/echo.py") as running:
        yield running


def call(running: Running, method: str, request: Any, answer: str, metadata: Any = ()) -> tuple[Any, Any]:
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        unary = channel.unary_unary(
            f"/seldon.protos.Seldon/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(answer).FromString,
        )
        reply, rpc = unary.with_call(request, metadata=metadata, timeout=10)
        return reply, dict(rpc.initial_metadata())


def test_router_takes_the_branch_and_the_output_is_transformed(words: Running) -> None:
    answer = words.predict([[0, 4]])

    assert answer["data"] == {"names": ["t:0", "t:1"], "ndarray": [[-2.0, -10.0]]}
    assert answer["meta"]["routing"] == {"negate": -1, "add": -1, "switch": 0, "double": -1}
    assert answer["meta"]["tags"] == {"added": 1}
    assert answer["meta"]["requestPath"] == {"add": "words:1.0", "double": "words:1.0", "negate": "words:1.0"}
    assert answer["meta"]["metrics"] == [{"type": "GAUGE", "key": "rewarded", "value": 0}]


def test_combiner_gets_the_answers_of_all_children(words: Running) -> None:
    answer = words.predict([[1, 1]])

    assert answer["data"]["ndarray"] == [[-16.0, -16.0]]
    assert answer["meta"]["routing"] == {"negate": -1, "add": -1, "switch": 1, "sum": -1, "triple": -1, "five": -1}


def test_route_minus_two_asks_no_child(words: Running) -> None:
    answer = words.predict([[-2, 5]])

    assert answer["data"]["ndarray"] == [[1, -6]]
    assert answer["meta"]["routing"] == {"negate": -1, "add": -1, "switch": -2}


def test_route_to_no_child_is_the_graphs_error_and_the_log_names_the_router(words: Running) -> None:
    status, answer = words.post("/api/v1.0/predictions", {"data": {"ndarray": [[7, 0]]}}, {"Seldon-Puid": "lost"})

    assert status == 500
    assert answer == {"status": {"code": 500, "info": "chose child 7 of 3", "status": "FAILURE"}}
    assert "puid lost: switch.route: chose child 7 of 3" in words.output


def test_failing_component_answers_as_its_own_server_would_and_the_log_names_the_node(words: Running) -> None:
    status, answer = words.post("/api/v1.0/predictions", {"data": {"ndarray": [[2, 0]]}}, {"Seldon-Puid": "broken"})

    assert status == 500
    reason = "MICROSERVICE_INTERNAL_ERROR"
    assert answer == {"status": {"code": -1, "info": "the model is broken", "reason": reason, "status": 1}}
    assert "puid broken: fails.predict: the model is broken" in words.output


@pytest.mark.parametrize("path", ["/api/v0.1/predictions", "/seldon/lab/words/api/v1.0/predictions"])
def test_other_paths_answer_like_the_first(words: Running, path: str) -> None:
    status, answer = words.post(path, {"data": {"tensor": {"shape": [1, 2], "values": [0, 4]}}})

    assert status == 200
    assert answer["data"]["tensor"] == {"shape": [1, 2], "values": [-2.0, -10.0]}


def test_puid_of_the_header_is_kept(words: Running) -> None:
    _, answer = words.post("/api/v1.0/predictions", {"data": {"ndarray": [[0, 1]]}}, {"Seldon-Puid": "mine"})

    assert answer["meta"]["puid"] == "mine"


def test_tags_and_path_of_the_request_are_carried_along(words: Running) -> None:
    meta = {"puid": "p", "tags": {"who": "me"}, "requestPath": {"edge": "proxy:3"}}
    _, answer = words.post("/api/v1.0/predictions", {"data": {"ndarray": [[0, 1]]}, "meta": meta})

    assert answer["meta"]["tags"] == {"who": "me", "added": 1}
    assert answer["meta"]["requestPath"]["edge"] == "proxy:3"
    assert answer["meta"]["puid"] == "p"


def test_feedback_reaches_the_nodes_on_the_recorded_way(words: Running) -> None:
    puid = words.predict([[1, 1]])["meta"]["puid"]
    before = words.predict([[0, 1]])["meta"]["metrics"][0]["value"]
    feedback = {"response": {"meta": {"puid": puid, "routing": {"switch": 0}}}, "reward": 0.0}

    status, answer = words.post("/api/v1.0/feedback", feedback)

    # The client claims branch 0; the record says branch 1, so `double` hears nothing.
    assert status == 200
    routing = {"negate": -1, "add": -1, "switch": 1, "sum": -1, "triple": -1, "five": -1}
    assert answer["response"] == {"meta": {"puid": puid, "routing": routing}}
    assert answer["reward"] == 0.0
    assert words.predict([[0, 1]])["meta"]["metrics"][0]["value"] == before
    combined = words.predict([[1, 1]])["meta"]["metrics"]
    assert [metric["value"] for metric in combined] == [1, 1]


def test_feedback_for_an_unknown_puid_is_a_404_and_is_counted(words: Running) -> None:
    status, answer = words.post("/api/v1.0/feedback", {"response": {"meta": {"puid": "nobody"}}, "reward": 1})

    assert status == 404
    assert answer["status"]["reason"] == "MICROSERVICE_BAD_DATA"
    page = words.get("/prometheus")[1]
    labels = 'deployment_name="words",predictor_name="default",result="unknown"'
    assert f"servegraph_feedback_total{{{labels}}} 1.0" in page


def test_feedback_without_a_puid_goes_the_way_it_says_and_is_counted(words: Running) -> None:
    before = words.predict([[0, 1]])["meta"]["metrics"][0]["value"]
    unnamed = words.status()["feedback"]["unnamed"]
    feedback = {"response": {"meta": {"routing": {"switch": 0}}}, "reward": 1.0}

    assert words.post("/api/v1.0/feedback", feedback) == (200, feedback)
    assert words.predict([[0, 1]])["meta"]["metrics"][0]["value"] == before + 1
    assert words.status()["feedback"]["unnamed"] == unnamed + 1


def test_feedback_counts_a_zero_reward_and_a_repeat_only_once(words: Running) -> None:
    puid = words.predict([[0, 1]])["meta"]["puid"]
    before = words.status()["feedback"]
    for reward in (0.0, 1.0):
        assert words.post("/api/v1.0/feedback", {"response": {"meta": {"puid": puid}}, "reward": reward})[0] == 200

    after = words.status()["feedback"]
    assert after["joined"] - before["joined"] == 1
    assert after["duplicate"] - before["duplicate"] == 1


@pytest.mark.parametrize(
    ("body", "info"),
    [
        (b"", "the body is not JSON"),
        (b"[1]", "Invalid request data type: [1]; send "),
        (b"{}", "Invalid request data type: {}; send "),
        (b'{"data":{"ndarray":[[1],[1,2]]}}', "data.ndarray has rows of different lengths"),
        (b'{"data":{"tensor":{"shape":[2,2],"values":[1]}}}', "data.tensor.shape [2, 2] does not hold the 1 values"),
        (b'{"binData":"a"}', "binData is not base64"),
    ],
)
def test_malformed_body_is_a_400_that_says_why(words: Running, body: bytes, info: str) -> None:
    status, answer = words.post("/api/v1.0/predictions", body)

    assert status == 400
    assert answer["status"]["info"].startswith(info)
    assert answer["status"]["reason"] == "MICROSERVICE_BAD_DATA"


@pytest.mark.parametrize(
    "message",
    [
        {"strData": "héllo"},
        {"jsonData": {"a": [1, None, True]}},
        {"binData": "AAEC"},
        {"data": {"names": [], "ndarray": ["a", "b"]}},
        {"data": {"names": ["t:0"], "ndarray": [[None], [2.5]]}},
    ],
)
def test_every_kind_of_payload_comes_back(echo: Running, message: dict[str, object]) -> None:
    status, answer = echo.post("/api/v1.0/predictions", message)

    assert status == 200
    answer.pop("meta")
    assert answer == message


def test_paths_and_methods_that_do_not_exist(words: Running) -> None:
    assert words.get("/nowhere") == (404, "404 page not found\n")
    assert words.get("/api/v1.0/predictions") == (405, "")
    assert words.get("/live") == (200, "")
    assert words.get("/ready") == (200, "")


def test_metadata_has_a_document_for_each_node_and_the_graphs_edges(words: Running) -> None:
    status, document = words.get("/api/v1.0/metadata")

    assert status == 200
    graph = json.loads(document)
    assert graph["name"] == "default"
    assert graph["models"]["double"]["versions"] == ["1.0"]
    proto, _ = call(
        words, "GraphMetadata", message_class("google.protobuf.Empty")(), "seldon.protos.SeldonGraphMetadata"
    )
    assert sorted(proto.models) == ["add", "double", "fails", "five", "negate", "sum", "switch", "triple"]


def test_grpc_predicts_like_rest(words: Running) -> None:
    request = MESSAGE()
    request.data.tensor.shape.extend([1, 2])
    request.data.tensor.values.extend([0, 4])

    reply, headers = call(words, "Predict", request, "seldon.protos.SeldonMessage", (("seldon-puid", "by-grpc"),))

    assert list(reply.data.tensor.values) == [-2.0, -10.0]
    assert list(reply.data.names) == ["t:0", "t:1"]
    assert dict(reply.meta.routing) == {"negate": -1, "add": -1, "switch": 0, "double": -1}
    assert reply.meta.puid == "by-grpc"
    assert headers["seldon-puid"] == "by-grpc"


def test_grpc_feedback_is_joined_by_puid(words: Running) -> None:
    puid = words.predict([[0, 4]])["meta"]["puid"]
    feedback = message_class("seldon.protos.Feedback")(reward=1.0)
    feedback.response.meta.puid = puid

    before = words.status()["feedback"]["joined"]

    reply, _ = call(words, "SendFeedback", feedback, "seldon.protos.SeldonMessage")

    assert reply == MESSAGE()  # the root hears no feedback, and feedback itself is no answer here
    assert words.status()["feedback"]["joined"] == before + 1


def test_grpc_errors_have_a_code_and_a_sentence(words: Running) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(words, "Predict", MESSAGE(), "seldon.protos.SeldonMessage")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "the message has none of data, jsonData, strData, binData, customData"

    request = MESSAGE()
    request.data.tensor.shape.extend([1, 1])
    request.data.tensor.values.extend([2])
    with pytest.raises(grpc.RpcError) as caught:
        call(words, "Predict", request, "seldon.protos.SeldonMessage")
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert caught.value.details() == "Exception calling application: the model is broken"


def test_grpc_reflection_describes_the_service(words: Running) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{words.grpc_port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = descriptor_pool.DescriptorPool(database)
        methods = pool.FindServiceByName("seldon.protos.Seldon").methods_by_name
        services = database.get_services()

    assert "seldon.protos.Seldon" in services
    assert {"Predict", "SendFeedback", "ModelMetadata", "GraphMetadata"} <= set(methods)


def test_executor_metrics_have_seldons_names_and_labels(words: Running) -> None:
    words.predict([[0, 4]])
    page = words.get("/prometheus")[1]

    server = next(
        line for line in page.splitlines() if line.startswith("seldon_api_executor_server_requests_seconds_count")
    )
    for label in ('deployment_name="words"', 'predictor_name="default"', 'service="predictions"', 'method="post"'):
        assert label in server
    client = 'model_image="words",model_name="double",model_version="1.0"'
    assert f'{client},predictor_name="default",predictor_version="",service="/predict"' in page


@pytest.mark.parametrize("puid", ["x" * 129, "two words", "a\r\nb", "é"])
def test_a_puid_that_cannot_be_kept_is_a_400(words: Running, puid: str) -> None:
    status, answer = words.post("/api/v1.0/predictions", {"data": {"ndarray": [[0, 1]]}, "meta": {"puid": puid}})

    assert status == 400
    assert answer["status"]["info"].startswith("meta.puid must be at most 128 printable ASCII characters")


def test_bytes_that_are_no_message_are_the_grpc_callers_mistake(words: Running) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{words.grpc_port}") as channel:
        predict = channel.unary_unary("/seldon.protos.Seldon/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            predict(b"\xff\xff\xff", timeout=10)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "the request is no message of this method"
