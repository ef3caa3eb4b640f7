"""Components that speak Open Inference or TensorFlow Serving."""

import json
from typing import Any

import pytest
from tests.remote.components import Component, GrpcComponent, Maker, Received, ok, rest_envelope

from servegraph.engine import Context, Method
from servegraph.errors import UnitAnswered
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.open_inference import OPEN_INFERENCE
from servegraph.payload.schema import message_class
from servegraph.payload.tensorflow_serving import TENSORFLOW_SERVING
from servegraph.remote import RemoteProtocol

REQUEST = b'{"id": "1", "inputs": [{"name": "i", "shape": [1], "datatype": "INT64", "data": [9007199254740993]}]}'
ANSWER = (
    b'{"model_name": "m", "id": "1", "outputs": [{"name": "o", "shape": [1], "datatype": "INT64", '
    b'"data": [9007199254740993]}]}'
)


def inference(body: bytes, header_length: int | None = None) -> Envelope[Any]:
    return Envelope(OPEN_INFERENCE, "rest", text=Text(body, "application/json", header_length=header_length))


@pytest.mark.parametrize("protocol", ["v2", "kfserving"])
async def test_request_goes_on_byte_for_byte(protocol: RemoteProtocol, component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(ANSWER)
    answer = await remote.unit(component.port, protocol=protocol).transform(
        Method.PREDICT, inference(REQUEST), Context("PU")
    )
    assert (component.received[0].path, component.received[0].body) == ("/v2/models/m/infer", REQUEST)
    assert (answer.text().body, answer.codec) == (ANSWER, OPEN_INFERENCE)


async def test_answer_becomes_the_next_request_exactly(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port, protocol="v2")
    await unit.transform(Method.TRANSFORM_OUTPUT, inference(ANSWER), Context("PU", model="other name"))
    assert component.received[0].path == "/v2/models/other%20name/infer"
    assert component.received[0].body == (
        b'{"id":"1","inputs":[{"data":[9007199254740993],"datatype":"INT64","name":"o","shape":[1]}],"model_name":"m"}'
    )


async def test_raw_tensors_are_chained(component: Component, remote: Maker) -> None:
    tensor = b'{"name":"o","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":4}}'
    head = b'{"outputs":[' + tensor + b'],"model_name":"x"}'
    unit = remote.unit(component.port, protocol="v2")
    await unit.transform(Method.PREDICT, inference(head + b"\x01\x02\x03\x04", len(head)), Context("PU"))
    received = component.received[0]
    length = int(received.headers["Inference-Header-Content-Length"])
    document = json.loads(received.body[:length])
    assert document["inputs"][0]["parameters"] == {"binary_data_size": 4}
    assert received.body[length:] == b"\x01\x02\x03\x04"


@pytest.mark.parametrize("body", [b"no", b"[1]", b'{"foo": 1}'])
async def test_what_is_neither_request_nor_answer_is_not_sent(body: bytes, component: Component, remote: Maker) -> None:
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(component.port, protocol="v2").transform(Method.PREDICT, inference(body), Context("PU"))
    assert caught.value.status == 500
    assert json.loads(caught.value.body)["status"]["status"] == "FAILURE"
    assert component.received == []


@pytest.mark.parametrize(
    ("protocol", "paths"),
    [
        ("seldon", ["/route", "/aggregate", "/health/status", "/metadata"]),
        ("v2", ["/v2/models/m/route", "/v2/models/m/aggregate", "/v2/models/m/ready", "/v2/models/m"]),
        (
            "tensorflow",
            ["/v1/models/m:route", "/v1/models/m:aggregate", "/v1/models/m", "/v1/models/m/metadata"],
        ),
    ],
)
async def test_paths_are_the_protocols(
    protocol: RemoteProtocol, paths: list[str], component: Component, remote: Maker
) -> None:
    component.answer = lambda received: ok(b'{"data": {"ndarray": [1]}}')
    unit = remote.unit(component.port, protocol=protocol)
    assert await unit.route(rest_envelope(), Context("PU")) == 1
    await unit.aggregate([rest_envelope()], Context("PU"))
    await unit.health(Context("PU"))
    await unit.metadata(Context("PU"))
    assert [received.path for received in component.received] == paths


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b'{"instances": [[1]]}', b'{"instances": [[1]]}'),
        (b'{"predictions": [[1.5]], "a": 1}', b'{"a":1,"instances":[[1.5]]}'),
    ],
)
async def test_tensorflow_predictions_become_instances(
    body: bytes, sent: bytes, component: Component, remote: Maker
) -> None:
    unit = remote.unit(component.port, protocol="tensorflow")
    request: Envelope[Any] = Envelope(TENSORFLOW_SERVING, "rest", text=Text(body))
    await unit.transform(Method.PREDICT, request, Context("PU", model="x"))
    assert (component.received[0].path, component.received[0].body) == ("/v1/models/x:predict", sent)


async def test_only_seldons_protocol_has_feedback(component: Component, remote: Maker) -> None:
    feedback = rest_envelope(b'{"reward": 1}')
    answer = await remote.unit(component.port, protocol="v2").send_feedback(feedback, Context("PU"))
    assert answer is feedback
    assert component.received == []


@pytest.mark.parametrize(
    ("protocol", "path", "is_healthy"),
    [("v2", "/v2/health/ready", False), ("tensorflow", None, True)],
)
async def test_thorough_readiness_is_the_protocols(
    protocol: RemoteProtocol, path: str | None, is_healthy: bool, component: Component, remote: Maker
) -> None:
    component.answer = lambda _: ok(b"", status=503)
    assert await remote.unit(component.port, protocol=protocol).ready(thorough=True) is is_healthy
    assert [received.path for received in component.received] == ([path] if path else [])


async def test_inference_over_grpc_names_the_model(grpc_component: GrpcComponent, remote: Maker) -> None:
    request = message_class("inference.ModelInferRequest")(model_name="client's", id="1")
    answer = message_class("inference.ModelInferResponse")(model_name="m", id="1")
    answer.outputs.add(name="o", datatype="INT32", shape=[1])
    answer.raw_output_contents.append(b"\x01\x00\x00\x00")

    async def infer(method: str, data: bytes, call: Any) -> bytes:
        return bytes(answer.SerializeToString())

    grpc_component.answer = infer
    unit = remote.unit(grpc=grpc_component.port, protocol="v2")
    first = await unit.transform(Method.PREDICT, Envelope(OPEN_INFERENCE, "grpc", proto=request), Context("PU"))
    await unit.transform(Method.PREDICT, first, Context("PU", model="named"))

    assert first.proto() == answer
    assert [path for path, _, _ in grpc_component.received] == ["/inference.GRPCInferenceService/ModelInfer"] * 2
    sent = [message_class("inference.ModelInferRequest").FromString(data) for _, data, _ in grpc_component.received]
    assert [message.model_name for message in sent] == ["m", "named"]
    assert (sent[1].inputs[0].name, sent[1].raw_input_contents[0]) == ("o", b"\x01\x00\x00\x00")


async def test_tensorflow_method_is_that_of_the_request(grpc_component: GrpcComponent, remote: Maker) -> None:
    unit = remote.unit(grpc=grpc_component.port, protocol="tensorflow")

    async def empty(method: str, data: bytes, call: Any) -> bytes:
        return b""

    grpc_component.answer = empty
    for kind in ("Predict", "Classification", "MultiInference"):
        proto = message_class(f"tensorflow.serving.{kind}Request")()
        envelope: Envelope[Any] = Envelope(TENSORFLOW_SERVING, "grpc", proto=proto)
        answer = await unit.transform(Method.PREDICT, envelope, Context("PU"))
        assert answer.proto().DESCRIPTOR.name == f"{kind}Response"
    paths = [path.rsplit("/", 1)[1] for path, _, _ in grpc_component.received]
    assert paths == ["Predict", "Classify", "MultiInference"]


async def test_status_and_metadata_over_grpc_are_documents(grpc_component: GrpcComponent, remote: Maker) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        if method.endswith("ModelReady"):
            return bytes(message_class("inference.ModelReadyResponse")(ready=True).SerializeToString())
        return bytes(message_class("inference.ModelMetadataResponse")(name="m", platform="p").SerializeToString())

    grpc_component.answer = answer
    unit = remote.unit(grpc=grpc_component.port, protocol="v2")
    assert (await unit.health(Context("PU"))).document() == {"ready": True}
    assert await unit.metadata(Context("PU")) == {"name": "m", "platform": "p"}
    request = message_class("inference.ModelReadyRequest").FromString(grpc_component.received[0][1])
    assert request.name == "m"


async def test_router_that_grpc_does_not_know_is_asked_over_rest(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b"[1]")
    request = Envelope(OPEN_INFERENCE, "grpc", text=Text(REQUEST), proto=message_class("inference.ModelInferRequest")())
    both = remote.unit(component.port, 1, protocol="v2")
    assert await both.route(request, Context("PU")) == 1
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(grpc=1, protocol="v2").route(request, Context("PU"))
    assert caught.value.code == "UNIMPLEMENTED"


async def test_metadata_is_asked_over_the_callers_transport(
    component: Component, grpc_component: GrpcComponent, remote: Maker
) -> None:
    def answer(received: Received) -> bytes:
        return ok(b'{"name": "rest"}')

    async def over_grpc(method: str, data: bytes, call: Any) -> bytes:
        return bytes(message_class("seldon.protos.SeldonModelMetadata")(name="grpc").SerializeToString())

    component.answer, grpc_component.answer = answer, over_grpc
    unit = remote.unit(component.port, grpc_component.port)
    assert await unit.metadata(Context("PU", transport="rest")) == {"name": "rest"}
    assert await unit.metadata(Context("PU", transport="grpc")) == {"name": "grpc"}
