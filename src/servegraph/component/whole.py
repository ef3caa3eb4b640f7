"""Calls that hand a component the whole message, as it was sent: `X_raw`, and the older `X_rest` and `X_grpc`.

Over HTTP that is the parsed JSON, over gRPC a protobuf; what is returned is the answer as it stands.

Source:
    Seldon's component server; a component that imported seldon_core's protobuf classes gets those.
"""

import sys
from typing import Any

from google.protobuf import json_format

from servegraph.component.metrics import with_method
from servegraph.errors import InvalidPayload
from servegraph.payload.envelope import Envelope, Transport
from servegraph.payload.message import Feedback, Message
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_proto import SeldonMessage, parse_feedback

_SELDONS_MODULE = "seldon_core.proto.prediction_pb2"


def argument(envelope: Envelope[Any]) -> Any:
    """What the method gets: an object of its own, which it may change."""
    return _own(envelope.document()) if envelope.transport == "rest" else _theirs(envelope.proto())


def _own(document: Any) -> Any:
    """A copy of parsed JSON."""
    try:
        return _copy(document)
    except RecursionError as error:
        raise InvalidPayload("the JSON is nested too deep") from error


def _copy(document: Any) -> Any:
    match document:
        case dict():
            return {key: _copy(member) for key, member in document.items()}
        case list():
            return [_copy(item) if isinstance(item, dict | list) else item for item in document]
    return document


def _theirs(proto: Any) -> Any:
    """The message as an object of the class that the component's author knows."""
    module = sys.modules.get(_SELDONS_MODULE)
    known = getattr(module, proto.DESCRIPTOR.name) if module else message_class(proto.DESCRIPTOR.full_name)
    return known.FromString(proto.SerializeToString())


def answered(value: Any, transport: Transport) -> Envelope[Message]:
    """The answer that a method returned as a whole.

    Raises:
        AttributeError: over gRPC it is no SeldonMessage.
    """
    if transport == "rest":
        return Envelope(MESSAGE, transport, document=value)
    if not _is_seldon_message(value):
        raise AttributeError(f"{type(value).__name__!r} object has no attribute 'meta'")
    return Envelope(MESSAGE, transport, proto=SeldonMessage.FromString(value.SerializeToString()))


def _is_seldon_message(value: Any) -> bool:
    return getattr(getattr(value, "DESCRIPTOR", None), "full_name", "") == "seldon.protos.SeldonMessage"


def feedback_argument(feedback: Envelope[Feedback], as_text: bool) -> Any:
    """Feedback is a protobuf whatever the transport; the older methods get its JSON text."""
    proto = parse_feedback(feedback.document()) if feedback.transport == "rest" else feedback.proto()
    return json_format.MessageToJson(proto) if as_text else _theirs(proto)


def answered_feedback(value: Any) -> Envelope[Message]:
    """The answer that an older method returned to feedback: the JSON object of a SeldonMessage.

    Raises:
        InvalidPayload: it is none.
    """
    if _is_seldon_message(value):
        return answered(value, "grpc")
    try:
        return Envelope(MESSAGE, "grpc", proto=json_format.ParseDict(value, SeldonMessage()))
    except (json_format.ParseError, TypeError) as error:
        raise InvalidPayload(f"Invalid JSON: {error}") from error


def printed(answer: Envelope[Message], transport: Transport) -> Envelope[Message]:
    """An answer to feedback as protobuf's own JSON, which is what goes over HTTP."""
    if transport == "grpc":
        return answer
    proto = answer.proto()
    return Envelope(MESSAGE, transport, document=json_format.MessageToDict(proto), proto=proto)


def metrics_of(answer: Envelope[Message], method: str, keeps: bool) -> tuple[Envelope[Message], list[Any]]:
    """A whole answer, and the metrics in it, which it loses unless it `keeps` them.

    They are what the component wrote, and may be no metrics.
    """
    if answer.transport == "grpc":
        return _proto_without_metrics(answer, keeps)
    document = answer.document()
    meta = document.get("meta") if isinstance(document, dict) else None
    metrics = meta.get("metrics") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(metrics, list) or not metrics:
        return answer, []
    metrics = [with_method(metric, method) if isinstance(metric, dict) else metric for metric in metrics]
    rest = {name: member for name, member in meta.items() if name != "metrics"}
    kept = {"metrics": metrics} if keeps else {}
    return Envelope(MESSAGE, "rest", document={**document, "meta": {**rest, **kept}}), metrics


def _proto_without_metrics(answer: Envelope[Message], keeps: bool) -> tuple[Envelope[Message], list[Any]]:
    proto = answer.proto()
    metrics = [{"type": "COUNTER", "value": 0.0, **json_format.MessageToDict(metric)} for metric in proto.meta.metrics]
    if metrics and not keeps:
        proto.meta.ClearField("metrics")
    return answer, metrics
