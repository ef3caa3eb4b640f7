"""What is asked of a component server, and what it answers."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from seldon_core.proto import prediction_pb2

ANSWER_S = 20.0
NO_HTTP = 0


@dataclass(frozen=True)
class Answer:
    """What a server said: a status, and a document in which `1`, `1.0` and `true` differ.

    Attributes:
        status: of HTTP, NO_HTTP where the answer cannot be read as HTTP, or the name of gRPC's.
        body: a JSON document, or the text of a body that is none; over gRPC the message, in protobuf's text
            form (which knows NaN and unset members), or the error's details.
        type: Content-Type; empty over gRPC.
    """

    status: int | str
    body: Any
    type: str = ""

    @property
    def info(self) -> str:
        """The text of an error; empty if this is none."""
        if isinstance(self.status, str):
            return "" if self.status == "OK" else self.body
        status = self.body.get("status") if isinstance(self.body, dict) else None
        info = status.get("info") if isinstance(status, dict) else None
        return info if isinstance(info, str) else ""

    @property
    def reason(self) -> str:
        return str(self.body["status"].get("reason")) if not isinstance(self.status, str) and self.info else ""

    @property
    def exact(self) -> tuple[int | str, str, str]:
        return self.status, self.type, json.dumps(self.body, sort_keys=True)


@dataclass(frozen=True)
class Server:
    """A component server that runs."""

    http_port: int
    channel: grpc.Channel


@dataclass(frozen=True)
class Rest:
    """A REST request; the length of the body is the only header that is added."""

    path: str
    body: bytes | None = None
    type: str | None = "application/json"
    method: str = "POST"

    def ask(self, server: Server) -> Answer:
        headers = {} if self.type is None else {"Content-Type": self.type}
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=ANSWER_S)
        try:
            connection.request(self.method, self.path, self.body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except http.client.HTTPException as error:
            return Answer(NO_HTTP, type(error).__name__)
        finally:
            connection.close()
        kind = response.getheader("Content-Type", "")
        return Answer(response.status, _document(text), kind)


@dataclass(frozen=True)
class Rpc:
    """A gRPC request, e.g. `Model/Predict`; the answer is a SeldonMessage unless said otherwise."""

    method: str
    message: Message
    answer: str = "SeldonMessage"

    def ask(self, server: Server) -> Answer:
        read = getattr(prediction_pb2, self.answer).FromString
        call = server.channel.unary_unary(
            f"/seldon.protos.{self.method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=read,
        )
        try:
            return Answer("OK", text_format.MessageToString(call(self.message, timeout=ANSWER_S)))
        except grpc.RpcError as error:
            return Answer(error.code().name, error.details())


def post(path: str, document: object) -> Rest:
    return Rest(path, json.dumps(document).encode())


def rpc(method: str, document: object) -> Rpc:
    """A call with the protobuf message of a JSON document."""
    kind = {"Aggregate": "SeldonMessageList", "SendFeedback": "Feedback"}.get(method.split("/")[1], "SeldonMessage")
    return Rpc(method, json_format.ParseDict(document, getattr(prediction_pb2, kind)()))


def doing(what: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with the wish that classes/chameleon.py reads."""
    return {**message, "meta": {"tags": {"do": what}}}


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
