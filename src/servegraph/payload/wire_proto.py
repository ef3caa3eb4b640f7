"""Seldon messages as protobuf, as component servers read and write them over gRPC.

Numbers of an ndarray and of jsonData are doubles on this wire, as protobuf's `Value` has no
integers.

Source:
    Seldon's component server: of a tensor the last values count that its shape has room for, data
    without an array is an empty one, customData travels as `google.protobuf.Any`.
"""

import math
from typing import Any

import numpy as np
from google.protobuf import any_pb2, json_format
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import tftensor
from servegraph.payload.arrays import MAX_HOLLOW, array_of
from servegraph.payload.list_value import (
    fill,
    fill_list,
    fill_members,
    fill_numbers,
    numbers_of,
    plain,
    plain_list,
    varint,
)
from servegraph.payload.message import Feedback, Kind, Message, Meta
from servegraph.payload.schema import message_class
from servegraph.payload.wire_json import document_of_meta

SeldonMessage = message_class("seldon.protos.SeldonMessage")
SeldonMessageList = message_class("seldon.protos.SeldonMessageList")
SeldonFeedback = message_class("seldon.protos.Feedback")
_Value = message_class("google.protobuf.Value")


def decode(proto: Any) -> Message:
    """The message in a SeldonMessage.

    Raises:
        InvalidPayload: it holds no data.
        MalformedArray: the data cannot be read; the cause says how the component server puts it.
    """
    message = _decode_payload(proto)
    if message.kind is None:
        raise InvalidPayload("the message has none of data, jsonData, strData, binData, customData")
    return message


def decode_feedback(proto: Any) -> Feedback:
    """The feedback in a Feedback; its messages may be without data.

    Raises:
        MalformedArray: the data of one cannot be read.
    """
    return Feedback(
        request=_decode_payload(proto.request),
        response=_decode_response(proto.response),
        truth=_decode_payload(proto.truth),
        reward=proto.reward,
    )


def _decode_response(proto: Any) -> Message:
    """Of the answer that is judged components see the routing only: what else it says does no harm."""
    try:
        return _decode_payload(proto)
    except MalformedArray:
        return Message(meta=_decode_meta(proto.meta))


def parse_feedback(document: Any) -> Any:
    """The Feedback of a parsed JSON document, in which nothing may be unknown or of another type.

    Raises:
        InvalidPayload: it is none.
    """
    try:
        return json_format.ParseDict(document, SeldonFeedback())
    except json_format.ParseError as error:
        raise InvalidPayload(f"Invalid JSON: {error}") from error
    except (TypeError, AttributeError, ValueError, OverflowError, SystemError, RecursionError) as error:
        raise MalformedArray("feedback must be an object with request, response, reward and truth") from error


def _decode_payload(proto: Any) -> Message:
    meta = _decode_meta(proto.meta) if proto.HasField("meta") else Meta()
    match proto.WhichOneof("data_oneof"):
        case "data":
            return _decode_data(proto.data, meta)
        case "jsonData":
            return Message("jsonData", plain(proto.jsonData), meta=meta)
        case "strData":
            return Message("strData", proto.strData, meta=meta)
        case "binData":
            return Message("binData", proto.binData, meta=meta)
        case "customData":
            custom = any_pb2.Any(type_url=proto.customData.type_url, value=proto.customData.value)
            return Message("customData", custom, meta=meta)
    return Message(meta=meta)


def _decode_data(data: Any, meta: Meta) -> Message:
    names = list(data.names)
    match data.WhichOneof("data_oneof"):
        case "tensor":
            return Message("tensor", _decode_tensor(data.tensor), names, meta)
        case "ndarray":
            numbers = numbers_of(data.ndarray)
            array = array_of(plain_list(data.ndarray)) if numbers is None else numbers
            return Message("ndarray", array, names, meta)
        case "tftensor":
            return Message("tftensor", tftensor.to_array(data.tftensor), names, meta)
    return Message("ndarray", np.array([]), names, meta)


def _decode_tensor(tensor: Any) -> NDArray[np.float64]:
    shape, sent = list(tensor.shape), len(tensor.values)
    if min(shape, default=0) < 0 or (sent != 1 and not shape):
        raise MalformedArray("data.tensor.shape must be a list of whole numbers, none negative")
    size = math.prod(shape)
    if size > sent:
        cause = ValueError("buffer is smaller than requested size")
        raise MalformedArray(f"data.tensor.shape {shape} does not hold the {sent} values sent") from cause
    if size == 0 and max(shape, default=0) > MAX_HOLLOW:
        raise MalformedArray(f"data.tensor.shape has no element, and a dimension over {MAX_HOLLOW}")
    try:
        return _doubles(tensor)[sent - size :].reshape(shape)
    except ValueError as error:
        raise MalformedArray(f"data.tensor.shape has {len(shape)} dimensions") from error


def _doubles(tensor: Any) -> NDArray[np.float64]:
    """The values as they lie in the serialised message: one after the other, behind all else."""
    data = tensor.SerializeToString()
    return np.frombuffer(data, "<f8", offset=len(data) - 8 * len(tensor.values)).copy()


def _decode_meta(proto: Any) -> Meta:
    meta = Meta(
        puid=proto.puid,
        tags={key: plain(value) for key, value in proto.tags.items()},
        routing=dict(proto.routing),
        request_path=dict(proto.requestPath),
    )
    if proto.metrics:  # components see them without what is protobuf's default
        metrics = [json_format.MessageToDict(metric) for metric in proto.metrics]
        meta.sent = {**document_of_meta(meta), "metrics": metrics}
        meta.metrics = [{"type": "COUNTER", **metric} for metric in metrics]
    return meta


def encode(message: Message) -> Any:
    """The SeldonMessage of a message.

    Raises:
        TypeError, ValueError: the value has no form on this wire.
    """
    proto = SeldonMessage()
    fill_meta(proto.meta, message.meta)
    match message.kind:
        case "tensor" | "ndarray" | "tftensor":
            proto.data.names.extend(map(str, message.names))
            _fill_array(proto.data, message.kind, message.value)
        case "jsonData":
            _fill_json(proto.jsonData, message.value)
        case "strData":
            proto.strData = message.value
        case "binData":
            proto.binData = message.value
        case "customData":
            proto.customData.type_url = message.value.type_url
            proto.customData.value = message.value.value
    return proto


def encode_feedback(feedback: Feedback) -> Any:
    """The Feedback of a feedback; raises as `encode`."""
    request, response, truth = encode(feedback.request), encode(feedback.response), encode(feedback.truth)
    return SeldonFeedback(request=request, response=response, truth=truth, reward=feedback.reward)


def _fill_array(data: Any, kind: Kind, array: NDArray[Any]) -> None:
    match kind:
        case "tensor":
            if array.dtype.kind == "c":
                raise TypeError("must be real number, not complex")
            data.tensor.shape.extend(array.shape)
            doubles = np.ascontiguousarray(array, dtype="<f8").tobytes()
            data.tensor.MergeFromString(b"\x12" + varint(len(doubles)) + doubles)  # field 2, packed
        case "tftensor":
            data.tftensor.CopyFrom(tftensor.from_array(array))
        case _:
            data.ndarray.SetInParent()
            _fill_ndarray(data.ndarray, array)


def _fill_ndarray(proto: Any, array: NDArray[Any]) -> None:
    if array.dtype.kind in "iuf" and array.size and array.ndim in (1, 2):
        fill_numbers(proto, array)
        return
    iter(array)  # an array without dimensions has no list
    try:
        fill_list(proto, array.tolist())
    except TypeError as error:
        raise ValueError("Unexpected type") from error


def _fill_json(proto: Any, value: Any) -> None:
    try:
        fill(proto, value)
    except TypeError:
        _refuse(value)
        raise


def _refuse(value: Any) -> None:
    """Protobuf's own parser says where it found what."""
    try:
        json_format.ParseDict(value, _Value())
    except json_format.ParseError as error:
        raise TypeError(str(error)) from error


def fill_meta(proto: Any, meta: Meta) -> None:
    """Write a message's `meta` into a Meta, which is then set even when it is empty."""
    proto.SetInParent()
    if meta.puid:
        proto.puid = meta.puid
    if meta.tags:
        fill_members(proto.tags, meta.tags)
    if meta.routing:
        proto.routing.update(meta.routing)
    if meta.request_path:
        proto.requestPath.update(meta.request_path)
    for metric in meta.metrics:
        proto.metrics.add(**{**metric, "value": float(metric.get("value", 0))})
