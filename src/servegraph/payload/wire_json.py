"""Seldon messages as JSON (the REST dialect of the component server and the executor).

Source:
    Seldon Core v1 prediction API: kinds are looked for in the order data, jsonData, strData,
    binData; inside data tensor, then ndarray. `NaN` and `Infinity` are accepted although they
    are not JSON; unknown members are ignored; empty members of `meta` are not written.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from servegraph.errors import InvalidPayload
from servegraph.payload.message import Feedback, Message, Meta, array_of, tensor_of

_MAX_DEPTH = 200
_DUMP = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def parse(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`.

    Raises:
        InvalidPayload: it is empty, no JSON, or no object.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        document = _parse_leniently(body, error)
    if not isinstance(document, dict):
        raise InvalidPayload(f"the body must be a JSON object, not {_json_type(document)}", hint=_EXAMPLE)
    return document


def _parse_leniently(body: bytes, error: orjson.JSONDecodeError) -> Any:
    # Only the standard library reads NaN and Infinity, which component servers accept.
    if b"NaN" not in body and b"Infinity" not in body:
        raise InvalidPayload(f"the body is not JSON: {error}", hint=_EXAMPLE) from error
    try:
        document = json.loads(body)
        orjson.dumps(document)  # lone surrogates and endless integers are read, too, and nobody could write them
    except (ValueError, TypeError, RecursionError) as strict:
        raise InvalidPayload(f"the body is not JSON: {strict}", hint=_EXAMPLE) from strict
    return document


_EXAMPLE = 'send {"data": {"ndarray": [[1.0, 2.0]]}}'


def _json_type(document: Any) -> str:
    return {list: "a list", str: "a string", type(None): "null", bool: "a boolean"}.get(type(document), "a number")


def decode(document: Mapping[str, Any]) -> Message:
    """The message in a parsed JSON object.

    Raises:
        InvalidPayload: no kind of data is there, or it is malformed.
    """
    message = _decode_payload(document)
    if message.kind is None:
        raise InvalidPayload("the message has none of data, jsonData, strData, binData", hint=_EXAMPLE)
    return message


def decode_feedback(document: Mapping[str, Any]) -> Feedback:
    """The feedback in a parsed JSON object; its messages may be without data.

    Raises:
        InvalidPayload: a member is malformed.
    """
    return Feedback(
        request=_decode_payload(_member(document, "request")),
        response=_decode_payload(_member(document, "response")),
        truth=_decode_payload(_member(document, "truth")),
        reward=_reward(document.get("reward", 0.0)),
    )


def _reward(reward: Any) -> float:
    if type(reward) not in (int, float):
        raise InvalidPayload("reward must be a number")
    try:
        return float(reward)
    except OverflowError as error:
        raise InvalidPayload("reward is too large") from error


def _decode_payload(document: Mapping[str, Any]) -> Message:
    meta = _decode_meta(_member(document, "meta"))
    if "data" in document:
        return _decode_data(document["data"], meta)
    if "jsonData" in document:
        return Message("jsonData", _writable(document["jsonData"], "jsonData"), meta=meta)
    if "strData" in document:
        return Message("strData", _text(document["strData"], "strData"), meta=meta)
    if "binData" in document:
        return Message("binData", _bytes(document["binData"]), meta=meta)
    return Message(meta=meta)


def _writable(value: Any, name: str) -> Any:
    # What is nested deeper than this can be read, and not be written again.
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [member for item in level for member in _members(item)]
        if not level:
            return value
    raise InvalidPayload(f"{name} is nested over {_MAX_DEPTH} deep")


def _members(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def _decode_data(data: Any, meta: Meta) -> Message:
    if not isinstance(data, dict):
        raise InvalidPayload("data must be an object with tensor or ndarray", hint=_EXAMPLE)
    names = _names(data.get("names"))
    if "tensor" in data:
        tensor = _member(data, "tensor")
        return Message("tensor", tensor_of(tensor.get("shape", ()), tensor.get("values", ())), names, meta)
    if "ndarray" in data:
        if not isinstance(data["ndarray"], list):
            raise InvalidPayload("data.ndarray must be a list", hint=_EXAMPLE)
        return Message("ndarray", array_of(data["ndarray"]), names, meta)
    raise InvalidPayload("data has neither tensor nor ndarray", hint=_EXAMPLE)


def _decode_meta(meta: Mapping[str, Any]) -> Meta:
    if not meta:
        return Meta()
    metrics = meta.get("metrics") or []
    if not isinstance(metrics, list):
        raise InvalidPayload("meta.metrics must be a list")
    return Meta(
        puid=_text(meta.get("puid") or "", "meta.puid"),
        tags=dict(_writable(_member(meta, "tags"), "meta.tags")),
        routing=_routing(_member(meta, "routing")),
        request_path={key: str(value) for key, value in _member(meta, "requestPath").items()},
        metrics=list(metrics),
    )


def _routing(routing: Mapping[str, Any]) -> dict[str, int]:
    for node, branch in routing.items():
        if type(branch) is not int:
            raise InvalidPayload(f"meta.routing.{node} must be a whole number")
    return dict(routing)


def _member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidPayload(f"{name} must be an object, not {_json_type(value)}")
    return value


def _names(names: Any) -> list[str]:
    if not names:
        return []
    if not isinstance(names, list):
        raise InvalidPayload("data.names must be a list")
    return [str(name) for name in names]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidPayload(f"{name} must be a string")
    return value


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value, "binData"), validate=True)
    except ValueError as error:
        raise InvalidPayload("binData is not base64") from error


def encode(message: Message) -> bytes:
    """The JSON text of a message; NaN and infinities become null, which JSON has."""
    document: dict[str, Any] = {"meta": encode_meta(message.meta)}
    match message.kind:
        case "tensor":
            array = message.value
            tensor = {"shape": list(array.shape), "values": array.ravel()}
            document["data"] = {"names": message.names, "tensor": tensor}
        case "ndarray":
            document["data"] = {"names": message.names, "ndarray": message.value}
        case "binData":
            document["binData"] = base64.b64encode(message.value).decode("ascii")
        case None:
            pass
        case kind:
            document[kind] = message.value
    return dump(document)


def encode_meta(meta: Meta) -> dict[str, Any]:
    """`meta` as a JSON object without its empty members."""
    members = {
        "puid": meta.puid,
        "tags": meta.tags,
        "routing": meta.routing,
        "requestPath": meta.request_path,
        "metrics": meta.metrics,
    }
    return {name: value for name, value in members.items() if value}


def dump(document: Any) -> bytes:
    """JSON text of plain Python and numpy values."""
    return orjson.dumps(document, default=_plain, option=_DUMP)


def _plain(value: Any) -> Any:
    # orjson writes contiguous numeric arrays itself; strings, objects and views come here.
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")
