"""Seldon messages as protobuf (the gRPC front).

Numbers of an ndarray and of jsonData are doubles on this wire, as protobuf's `Value` has no
integers.
"""

import math
from typing import Any

import numpy as np

from servegraph.errors import InvalidPayload
from servegraph.payload.message import Feedback, Message, Meta, array_of, tensor_of
from servegraph.payload.schema import message_class

SeldonMessage = message_class("seldon.protos.SeldonMessage")
SeldonFeedback = message_class("seldon.protos.Feedback")


def decode(proto: Any) -> Message:
    """The message in a SeldonMessage.

    Raises:
        InvalidPayload: it holds no data of a kind that is served, or malformed data.
    """
    message = _decode_payload(proto)
    if message.kind is None:
        raise InvalidPayload("the message has none of data, jsonData, strData, binData")
    return message


def decode_feedback(proto: Any) -> Feedback:
    """The feedback in a Feedback; its messages may be without data."""
    return Feedback(
        request=_decode_payload(proto.request),
        response=_decode_payload(proto.response),
        truth=_decode_payload(proto.truth),
        reward=proto.reward,
    )


def _decode_payload(proto: Any) -> Message:
    meta = _decode_meta(proto.meta)
    match proto.WhichOneof("data_oneof"):
        case "data":
            return _decode_data(proto.data, meta)
        case "jsonData":
            return Message("jsonData", _plain(proto.jsonData), meta=meta)
        case "strData":
            return Message("strData", proto.strData, meta=meta)
        case "binData":
            return Message("binData", proto.binData, meta=meta)
        case "customData":
            raise InvalidPayload("customData is not served here; use one of the other kinds")
    return Message(meta=meta)


def _decode_data(data: Any, meta: Meta) -> Message:
    names = list(data.names)
    match data.WhichOneof("data_oneof"):
        case "tensor":
            return Message("tensor", tensor_of(data.tensor.shape, data.tensor.values), names, meta)
        case "ndarray":
            return Message("ndarray", array_of(_plain_list(data.ndarray)), names, meta)
    raise InvalidPayload("data has neither tensor nor ndarray")


def _decode_meta(proto: Any) -> Meta:
    return Meta(
        puid=proto.puid,
        tags={key: _plain(value) for key, value in proto.tags.items()},
        routing=dict(proto.routing),
        request_path=dict(proto.requestPath),
        metrics=[_decode_metric(metric) for metric in proto.metrics],
    )


def _decode_metric(metric: Any) -> dict[str, Any]:
    kind = type(metric).MetricType.Name(metric.type)
    document = {"key": metric.key, "type": kind, "value": metric.value}
    return {**document, "tags": dict(metric.tags)} if metric.tags else document


def _plain(value: Any) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            return value.number_value
        case "list_value":
            return _plain_list(value.list_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {key: _plain(member) for key, member in value.struct_value.fields.items()}
    return None


def _plain_list(values: Any) -> list[Any]:
    return [_plain(value) for value in values.values]


def encode(message: Message) -> Any:
    """The SeldonMessage of a message.

    Raises:
        TypeError: the value has no form on this wire.
    """
    proto = SeldonMessage()
    _encode_meta(message.meta, proto.meta)
    match message.kind:
        case "tensor" | "ndarray":
            _encode_array(message, proto.data)
        case "jsonData":
            _fill(proto.jsonData, message.value)
        case "strData":
            proto.strData = message.value
        case "binData":
            proto.binData = bytes(message.value)
    return proto


def _encode_array(message: Message, data: Any) -> None:
    data.names.extend(message.names)
    array = message.value
    if message.kind == "tensor":
        data.tensor.shape.extend(array.shape)
        data.tensor.values.extend(np.asarray(array, dtype=np.float64).ravel())
    else:
        data.ndarray.SetInParent()
        _fill_list(data.ndarray, array.tolist())


def _encode_meta(meta: Meta, proto: Any) -> None:
    proto.SetInParent()
    if meta.puid:
        proto.puid = meta.puid
    for key, value in meta.tags.items():
        _fill(proto.tags[key], value)
    proto.routing.update(meta.routing)
    proto.requestPath.update(meta.request_path)
    for metric in meta.metrics:
        proto.metrics.add(**{**metric, "value": float(metric["value"])})


def _fill(proto: Any, value: Any) -> None:
    match value:
        case None:
            proto.null_value = 0
        case bool() | np.bool_():
            proto.bool_value = bool(value)
        case int() | float() | np.number():
            proto.number_value = _double(value)
        case str():
            proto.string_value = value
        case dict():
            proto.struct_value.SetInParent()
            for key, member in value.items():
                _fill(proto.struct_value.fields[str(key)], member)
        case list() | tuple():
            proto.list_value.SetInParent()
            _fill_list(proto.list_value, value)
        case np.ndarray():
            proto.list_value.SetInParent()
            _fill_list(proto.list_value, value.tolist())
        case _:
            raise TypeError(f"{type(value).__name__} has no protobuf form")


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _fill_list(proto: Any, values: Any) -> None:
    # `values.add()` per element is what a repeated message field offers; no bulk form exists.
    for value in values:
        _fill(proto.values.add(), value)
