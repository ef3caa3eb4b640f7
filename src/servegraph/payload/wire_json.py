"""Seldon messages as JSON documents: the plain dialect of component servers, not protobuf's.

Source:
    Seldon's component server: kinds are looked for in the order data, jsonData, strData, binData;
    inside data tensor, ndarray, tftensor, where none of them is an empty array; unknown members
    are ignored. Empty members of `data` are written, those of `meta` are not.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import tftensor
from servegraph.payload.arrays import array_of, tensor_of
from servegraph.payload.json_text import printed, printed_quickly, read_leniently
from servegraph.payload.message import Feedback, Kind, Message, Meta
from servegraph.payload.numbers import LARGE, read_apart, read_base64_apart, read_rows_apart
from servegraph.payload.numbers import printed as printed_numbers
from servegraph.payload.quoting import quoted

_EXAMPLE = 'send {"data": {"ndarray": [[1.0, 2.0]]}}'
_ARRAYS = re.compile(rb'"(ndarray|values|doubleVal|double_val|floatVal|float_val)"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_CONTENT = re.compile(rb'"(tensorContent|tensor_content)"[ \t\r\n]*:[ \t\r\n]*"')
_PLAIN_ARRAYS = frozenset(("ndarray", "tensor"))
_CUT_OFF = "unexpected end of data"  # orjson's words
_SMALL = 256  # elements, which are faster as a list than on their own


def parse(body: bytes) -> Any:
    """The document in a JSON text.

    Raises:
        InvalidPayload: it is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if len(body) > LARGE and error.msg.startswith(_CUT_OFF):  # whoever reads it leniently comes to the same end
            raise InvalidPayload(f"the body is not JSON: {error}", hint=_EXAMPLE) from error
        return _lenient(body)


def _lenient(body: bytes) -> Any:
    try:
        return read_leniently(body)
    except (ValueError, RecursionError) as error:
        raise InvalidPayload(f"the body is not JSON: {error}", hint=_EXAMPLE) from error


def decode_large(body: bytes) -> Message | None:
    """The message in a large text; None if it has no large array, and is read as any other.

    Raises:
        InvalidPayload, MalformedArray: as `decode`.
    """
    apart = (
        read_apart(body, _ARRAYS, wholes=True) or read_base64_apart(body, _CONTENT) or read_rows_apart(body, _ARRAYS)
    )
    if apart is None or not isinstance(apart.document, dict):
        return None
    data = apart.document.get("data")
    if isinstance(data, dict) and any(map(apart.put_into, (data, data.get("tensor"), data.get("tftensor")))):
        return decode(apart.document)
    return None


def decode(document: Any) -> Message:
    """The message in a parsed JSON document.

    Raises:
        InvalidPayload: no kind of data is there.
        MalformedArray: the data cannot be read; the cause says how the component server puts it.
    """
    if not isinstance(document, dict):
        raise _no_message(document)
    kind, value, names = _decode_data(document["data"]) if "data" in document else _decode_others(document)
    return Message(kind, value, names, _decode_meta(document))


def _decode_others(document: Mapping[str, Any]) -> tuple[Kind, Any, list[str]]:
    if "jsonData" in document:
        return "jsonData", document["jsonData"], []
    if "strData" in document:
        return "strData", document["strData"], []
    if "binData" in document:
        return "binData", _bytes(document["binData"]), []
    raise _no_message(document)


def _no_message(document: Any) -> InvalidPayload:
    return InvalidPayload(f"Invalid request data type: {quoted(document)}", hint=_EXAMPLE)


def _decode_data(data: Any) -> tuple[Kind, NDArray[Any], list[str]]:
    if not isinstance(data, dict):
        _refuse_atoms(data)
        return "ndarray", np.array([]), []
    names = data.get("names") or []
    if not isinstance(names, list):
        raise InvalidPayload("data.names must be a list")
    if "tensor" in data:
        return "tensor", tensor_of(data["tensor"]), names
    if "ndarray" in data:
        return "ndarray", array_of(data["ndarray"]), names
    if "tftensor" in data:
        return "tftensor", tftensor.array_of_document(data["tftensor"]), names
    return "ndarray", np.array([]), names


def _refuse_atoms(data: Any) -> None:
    """Lists and strings count as data without an array, unless they speak of one."""
    try:
        for kind in ("tensor", "ndarray", "tftensor"):
            if kind in data:
                data[kind]
    except TypeError as error:
        raise MalformedArray("data must be an object with tensor, ndarray or tftensor", hint=_EXAMPLE) from error


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value)
    except (TypeError, ValueError) as error:
        raise MalformedArray("binData is not base64") from error


def _decode_meta(document: Mapping[str, Any]) -> Meta:
    if "meta" not in document:
        return Meta("", {}, {}, {}, [], None)  # said in full, it takes half the time
    meta = document["meta"]
    if not isinstance(meta, dict):
        cause = AttributeError(f"{type(meta).__name__!r} object has no attribute 'get'")
        raise MalformedArray("meta must be an object") from cause
    if not meta:
        return Meta(sent=meta)
    return Meta(
        puid=_member(meta, "puid", str),
        tags=_member(meta, "tags", dict),
        routing=_routing(meta.get("routing")),
        request_path=_request_path(meta),
        metrics=_member(meta, "metrics", list),
        sent=meta,
    )


def _member[T](meta: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = meta.get(name) or kind()
    if not isinstance(value, kind):
        raise InvalidPayload(f"meta.{name} must be {_WORDS[kind]}")
    return value


_WORDS: Mapping[type, str] = {str: "a string", dict: "an object", list: "a list"}


def _routing(routing: Any) -> dict[str, int]:
    """What is a branch; no component looks at it, so that anything else does no harm."""
    if not isinstance(routing, dict):
        return {}
    return {node: branch for node, branch in routing.items() if type(branch) is int}


def _request_path(meta: Mapping[str, Any]) -> dict[str, str]:
    path = meta.get("requestPath", {})
    if not isinstance(path, dict):
        cause = TypeError(f"{type(path).__name__!r} object is not a mapping")
        raise MalformedArray("meta.requestPath must be an object") from cause
    return path


def encode(message: Message) -> bytes:
    """The JSON text of a message.

    Raises:
        TypeError, ValueError: it holds something that JSON has no form for.
    """
    if message.kind in _PLAIN_ARRAYS and message.value.size > _SMALL and message.value.dtype.kind in "iuf":
        text = _large(message.value, message)
        if text is not None:
            return text
    return printed(document_of(message))


def _large(array: NDArray[Any], message: Message) -> bytes | None:
    """The text around a large array of finite numbers, none of which becomes a Python object."""
    names, meta = printed_quickly(message.names), printed_quickly(document_of_meta(message.meta))
    if names is None or meta is None or not np.isfinite(array).all():
        return None
    head, tail = b'{"data":{"names":' + names.rstrip(), b'},"meta":' + meta.rstrip() + b"}\n"
    if message.kind == "ndarray":
        return printed_numbers(array, head + b',"ndarray":', tail)
    shape = orjson.dumps(array.shape)
    return printed_numbers(array.ravel(), head + b',"tensor":{"shape":' + shape + b',"values":', b"}" + tail)


def document_of(message: Message) -> dict[str, Any]:
    """The JSON document of a message.

    Raises:
        TypeError: the value has no form in JSON.
    """
    document: dict[str, Any] = {"meta": document_of_meta(message.meta)}
    match message.kind:
        case "ndarray":
            document["data"] = {"names": message.names, "ndarray": message.value.tolist()}
        case "tensor":
            tensor = {"shape": list(message.value.shape), "values": message.value.ravel().tolist()}
            document["data"] = {"names": message.names, "tensor": tensor}
        case "tftensor":
            document["data"] = {"names": message.names, "tftensor": tftensor.document_of_array(message.value)}
        case "binData":
            document["binData"] = base64.b64encode(message.value).decode("ascii")
        case "customData":
            raise TypeError("customData has no form in JSON")
        case None:
            pass
        case kind:
            document[kind] = message.value
    return document


def document_of_meta(meta: Meta) -> dict[str, Any]:
    """`meta` as a JSON object without its empty members."""
    document: dict[str, Any] = {}
    if meta.puid:
        document["puid"] = meta.puid
    if meta.tags:
        document["tags"] = meta.tags
    if meta.routing:
        document["routing"] = meta.routing
    if meta.request_path:
        document["requestPath"] = meta.request_path
    if meta.metrics:
        document["metrics"] = meta.metrics
    return document


def document_of_feedback(feedback: Feedback) -> dict[str, Any]:
    """The JSON document of feedback."""
    messages = {"request": feedback.request, "response": feedback.response, "truth": feedback.truth}
    documents: dict[str, Any] = {name: document_of(message) for name, message in messages.items()}
    return {**documents, "reward": feedback.reward}


def dump(document: Any) -> bytes:
    """Compact JSON of plain Python and numpy values, members in their order: what is no component's answer."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
