"""Ask a graph over REST and gRPC; answers are what the tests compare."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import json_format
from seldon_core.proto import prediction_pb2
from tests.topology.processes import Server

ANSWER_S = 20.0
PREDICTIONS = "/api/v1.0/predictions"
FEEDBACK = "/api/v1.0/feedback"


@dataclass(frozen=True)
class Told:
    """An answer.

    Attributes:
        status: of HTTP, or the name of gRPC's.
        body: a JSON document (of a protobuf, too); text where it is none; details of a gRPC error.
        type: Content-Type; empty over gRPC.
    """

    status: int | str
    body: Any
    type: str = ""


def rest(server: Server, path: str, document: object = None, headers: Mapping[str, str] | None = None) -> Told:
    """A POST of a document, or a GET."""
    connection = server.http()
    try:
        return asked(connection, path, None if document is None else json.dumps(document).encode(), headers)
    finally:
        connection.close()


def asked(
    connection: http.client.HTTPConnection, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
) -> Told:
    """A POST of a body, or a GET, on a connection that stays open."""
    given = {} if body is None else {"Content-Type": "application/json"}
    connection.request("GET" if body is None else "POST", path, body, {**given, **(headers or {})})
    answer = connection.getresponse()
    return Told(answer.status, _document(answer.read().decode()), answer.getheader("Content-Type", ""))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def rpc(server: Server, method: str, document: Mapping[str, Any], timeout: float = ANSWER_S) -> Told:
    """A call of the service Seldon with the protobuf of a document."""
    request, answer = {
        "Predict": ("SeldonMessage", "SeldonMessage"),
        "SendFeedback": ("Feedback", "SeldonMessage"),
        "ModelMetadata": ("SeldonModelMetadataRequest", "SeldonModelMetadata"),
        "GraphMetadata": ("", "SeldonGraphMetadata"),
    }[method]
    message = json_format.ParseDict(document, getattr(prediction_pb2, request)()) if request else None
    call = server.channel.unary_unary(
        f"/seldon.protos.Seldon/{method}",
        request_serializer=lambda proto: b"" if proto is None else proto.SerializeToString(),
        response_deserializer=getattr(prediction_pb2, answer).FromString,
    )
    try:
        return Told("OK", json_format.MessageToDict(call(message, timeout=timeout)))
    except grpc.RpcError as error:
        return Told(error.code().name, error.details())


def as_grpc(document: Mapping[str, Any]) -> Any:
    """A message's document as it comes back over gRPC: whole numbers are floats, members without a value go."""
    return json_format.MessageToDict(json_format.ParseDict(document, prediction_pb2.SeldonMessage()))


def plain(told: Told, request: Mapping[str, Any]) -> Told:
    """Without the puid that `servegraph run` gives to answers and the executor does not."""
    body = told.body
    if not isinstance(body, dict) or "puid" in request.get("meta", {}) or "puid" not in body.get("meta", {}):
        return told
    meta = {name: value for name, value in body["meta"].items() if name != "puid"}
    return Told(told.status, {**body, "meta": meta}, told.type)


def exact(told: Told) -> str:
    """All of it, so that 1, 1.0 and true differ."""
    return json.dumps([told.status, told.type, told.body], sort_keys=True, ensure_ascii=False)
