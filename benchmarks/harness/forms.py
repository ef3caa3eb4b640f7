"""The forms in which contenders are asked: how rows are written, and how an answer is read."""

import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray

Rows = NDArray[np.float64]

GRPC_PATH = "/seldon.protos.Seldon/Predict"
_MESSAGE = "seldon.protos.SeldonMessage"
_JSON = {"content-type": "application/json"}
_HEADER_LENGTH = "inference-header-content-length"


@dataclass(frozen=True, slots=True)
class Answer:
    """Probabilities of shape (n, 2), and the arm that gave them; None where the protocol cannot say."""

    probabilities: Rows
    arm: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A protocol and an encoding.

    Attributes:
        encode: the body for rows (n, features), and headers that depend on it.
        decode: reads a body; it gets the answer's headers in lower case.
        is_checked: whether it answers with probabilities.
    """

    name: str
    transport: Literal["http", "grpc"]
    path: str
    encode: Callable[[Rows], tuple[bytes, Mapping[str, str]]]
    decode: Callable[[bytes, Mapping[str, str]], Answer]
    headers: Mapping[str, str] = field(default_factory=dict)
    is_checked: bool = True

    def request(self, rows: Rows) -> bytes:
        """What goes over the wire: a whole HTTP request, or a gRPC message."""
        body, headers = self.encode(rows)
        if self.transport == "grpc":
            return body
        lines = {"host": "127.0.0.1", "content-length": str(len(body)), **self.headers, **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def seldon_rest(path: str, kind: str = "ndarray", name: str = "rest") -> Form:
    """A SeldonMessage in JSON, with its data as `ndarray`, `tensor` or `tftensor`."""
    return Form(name, "http", path, lambda rows: (orjson.dumps({"data": _data(rows, kind)}), {}), _of_json, _JSON)


def seldon_grpc() -> Form:
    """A SeldonMessage with a tensor."""

    def encode(rows: Rows) -> tuple[bytes, Mapping[str, str]]:
        message = _message()()
        message.data.tensor.shape.extend(rows.shape)
        message.data.tensor.values.extend(rows.ravel())
        return message.SerializeToString(), {}

    return Form("grpc", "grpc", GRPC_PATH, encode, _of_proto)


def echo() -> Form:
    """The same message as `seldon_grpc`, for a server that answers with what it got."""
    return replace(seldon_grpc(), is_checked=False)


def open_inference_json(path: str, name: str = "v2 json") -> Form:
    """An Open Inference request with all numbers in JSON."""

    def encode(rows: Rows) -> tuple[bytes, Mapping[str, str]]:
        tensor = {"name": "rows", "shape": rows.shape, "datatype": "FP64", "data": rows.ravel().tolist()}
        return orjson.dumps({"inputs": [tensor]}), {}

    return Form(name, "http", path, encode, _of_open_inference, _JSON)


def open_inference_binary(path: str) -> Form:
    """An Open Inference request whose numbers follow the JSON as bytes, both ways."""

    def encode(rows: Rows) -> tuple[bytes, Mapping[str, str]]:
        raw = rows.tobytes()
        size = {"binary_data_size": len(raw)}
        tensor = {"name": "rows", "shape": rows.shape, "datatype": "FP64", "parameters": size}
        document = orjson.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})
        return document + raw, {_HEADER_LENGTH: str(len(document))}

    headers = {"content-type": "application/octet-stream"}
    return Form("v2 binary", "http", path, encode, _of_open_inference, headers)


def _data(rows: Rows, kind: str) -> dict[str, Any]:
    if kind == "ndarray":
        return {"ndarray": rows.tolist()}
    if kind == "tensor":
        return {"tensor": {"shape": rows.shape, "values": rows.ravel().tolist()}}
    sizes = [{"size": str(size)} for size in rows.shape]
    content = b64encode(rows.astype("<f8").tobytes()).decode("ascii")
    return {"tftensor": {"dtype": "DT_DOUBLE", "tensorShape": {"dim": sizes}, "tensorContent": content}}


def _of_json(body: bytes, _headers: Mapping[str, str]) -> Answer:
    document = orjson.loads(body)
    data = document["data"]
    if "tensor" in data:
        numbers = np.reshape(data["tensor"]["values"], data["tensor"]["shape"])
    elif "tftensor" in data:
        sizes = [int(dim["size"]) for dim in data["tftensor"]["tensorShape"]["dim"]]
        numbers = np.frombuffer(b64decode(data["tftensor"]["tensorContent"]), "<f8").reshape(sizes)
    else:
        numbers = np.array(data["ndarray"])
    return Answer(numbers, document.get("meta", {}).get("routing", {}).get("ab"))


def _of_proto(body: bytes, _headers: Mapping[str, str]) -> Answer:
    message = _message().FromString(body)
    tensor = message.data.tensor
    return Answer(np.reshape(tensor.values, list(tensor.shape)), dict(message.meta.routing).get("ab"))


def _of_open_inference(body: bytes, headers: Mapping[str, str]) -> Answer:
    length = int(headers.get(_HEADER_LENGTH, len(body)))
    document = orjson.loads(body[:length])
    (tensor,) = document["outputs"]
    data = tensor.get("data") or struct.unpack(f"<{(len(body) - length) // 8}d", body[length:])
    routed = document.get("parameters", {}).get("arm")
    return Answer(np.reshape(data, tensor["shape"]), routed)


def _message() -> Any:
    from servegraph.payload.schema import message_class

    return message_class(_MESSAGE)
