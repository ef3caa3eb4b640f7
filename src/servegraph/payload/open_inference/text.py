"""An HTTP body to and from its JSON document, with the tensors that follow the JSON as raw bytes.

In a document such a tensor has its raw bytes for `data`: a memoryview of the body, which is not copied, or `bytes`;
`binary_data_size` exists only in the body.

Source:
    The binary tensor data extension of the Open Inference protocol: `Inference-Header-Content-Length`
    is the length of the JSON; tensors with `binary_data_size` follow in their order.
"""

import json
import re
from typing import Any

import orjson

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.envelope import Text
from servegraph.payload.numbers import LARGE, read_apart
from servegraph.payload.open_inference.lists import FRACTIONS

_DATA = re.compile(rb'"(data)"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
JSON = "application/json"
BINARY = "application/octet-stream"
_HINT = 'send {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1.0, 2.0]}]}'


def split(text: Text, *, apart: bool = False) -> dict[str, Any]:
    """The document of a body.

    Args:
        apart: whether the data of a large tensor with fractions may be an array of float64 instead of a list.

    Raises:
        InvalidPayload: it is no JSON object.
        MalformedArray: the bytes after it are not those that it announces.
    """
    length = len(text.body) if text.header_length is None else text.header_length
    if not 0 <= length <= len(text.body):
        raise InvalidPayload(f"Inference-Header-Content-Length is {length} for a body of {len(text.body)} bytes")
    head = text.body[:length] if length < len(text.body) else text.body
    document = (_parsed_apart(head) if apart and length > LARGE else None) or _parsed(head)
    if not isinstance(document, dict):
        raise InvalidPayload("the body must be a JSON object", hint=_HINT)
    _attach(document, text.body, length)
    return document


def _parsed_apart(body: bytes) -> Any:
    """The document with the first large tensor's data as an array; None if there is none, or of whole numbers."""
    apart = read_apart(body, _DATA)
    if apart is None or not isinstance(apart.document, dict):
        return None
    tensors = (tensor for tensor in _tensors(apart.document) if tensor.get("datatype") in FRACTIONS)
    return apart.document if any(map(apart.put_into, tensors)) else None


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Only the standard library reads NaN and Infinity, which clients write.
        if b"NaN" not in body and b"Infinity" not in body:
            raise InvalidPayload(f"the body is not JSON: {error}", hint=_HINT) from error
        return _leniently_parsed(body)


def _leniently_parsed(body: bytes) -> Any:
    try:
        document = json.loads(body)
        orjson.dumps(document)  # lone surrogates and endless integers are read, too, and nobody could write them
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidPayload(f"the body is not JSON: {error}", hint=_HINT) from error
    return document


def _tensors(document: dict[str, Any]) -> list[dict[str, Any]]:
    members = [document.get("inputs"), document.get("outputs")]
    return [tensor for member in members if isinstance(member, list) for tensor in member if isinstance(tensor, dict)]


def _attach(document: dict[str, Any], body: bytes, at: int) -> None:
    """Give the tensors their bytes, which begin `at` that place."""
    start, view = at, memoryview(body)
    for tensor in _tensors(document):
        parameters = tensor.get("parameters")
        if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
            continue
        size = parameters.pop("binary_data_size")
        if type(size) is not int or size < 0 or "data" in tensor:
            raise MalformedArray("binary_data_size must be a number of bytes, of a tensor without data")
        if at + size > len(body):
            raise MalformedArray(f"{len(body) - start} bytes follow the JSON, and binary_data_size announces more")
        tensor["data"] = view[at : at + size]
        at += size
    if at != len(body):
        raise MalformedArray(f"{len(body) - start} bytes follow the JSON, and binary_data_size announces {at - start}")


def joined(document: Any) -> Text:
    """The body of a document.

    Raises:
        InvalidPayload: JSON cannot carry what it holds.
    """
    tail: list[bytes | memoryview] = []
    written = {key: _without_bytes(member, tail) for key, member in document.items()}
    try:
        head = orjson.dumps(written)
    except TypeError as error:
        raise InvalidPayload(f"the message has no JSON form: {error}") from error
    if not tail:
        return Text(head, JSON)
    return Text(b"".join((head, *tail)), BINARY, header_length=len(head))


def _without_bytes(member: Any, tail: list[bytes | memoryview]) -> Any:
    if not isinstance(member, list):
        return member
    return [_announced(tensor, tail) for tensor in member]


def _announced(tensor: Any, tail: list[bytes | memoryview]) -> Any:
    data = tensor.get("data") if isinstance(tensor, dict) else None
    if not isinstance(data, bytes | memoryview):
        return tensor
    tail.append(data)
    parameters = {**(tensor.get("parameters") or {}), "binary_data_size": len(data)}
    return {**{key: member for key, member in tensor.items() if key != "data"}, "parameters": parameters}
