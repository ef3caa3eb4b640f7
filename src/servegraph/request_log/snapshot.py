"""A message as it is at the moment, at the least cost: as the bytes that are there, or as its numbers' bytes.

The shipper prints the latter, to the same bytes as here (`printed`).
"""

from typing import Any

import numpy as np
import orjson

from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.json_text import printed_quickly
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_json import document_of_meta
from servegraph.request_log.wire import Unprinted

_PROTOBUF = "application/protobuf"
_JSON = "application/json"


def text_of(envelope: Envelope[Any]) -> Text:
    """The body as the caller's transport carries it; raises what its codec raises."""
    if envelope.transport == "grpc":
        return Text(envelope.proto().SerializeToString(), _PROTOBUF)
    return envelope.text()


def unprinted(envelope: Envelope[Any]) -> tuple[Unprinted, bytes, str] | None:
    """A message that is there decoded and in no other form, if it holds plain numbers: with their bytes, and the type
    of what is printed of them. They are a copy: nodes may change the array in place.
    """
    if not envelope.is_only_decoded or envelope.codec is not MESSAGE:
        return None
    message = envelope.value()
    if type(message) is not Message or not message.is_array:
        return None
    array = message.value
    if type(array) is not np.ndarray or array.dtype.kind not in "biuf":
        return None
    about = printed_quickly([message.names, document_of_meta(message.meta)])
    if about is None:
        return None
    form = Unprinted(str(message.kind), array.dtype.str, array.shape, about, envelope.transport)
    return form, array.tobytes(), _PROTOBUF if envelope.transport == "grpc" else _JSON


def printed(form: Unprinted, numbers: bytes) -> bytes:
    """The body of such a message; raises what its codec raises."""
    names, meta = orjson.loads(form.about)
    array = np.frombuffer(numbers, form.dtype).reshape(form.shape)
    message = Message(form.kind, array, names, _meta(meta))  # type: ignore[arg-type]  # it came out of one
    if form.transport == "grpc":
        return bytes(MESSAGE.to_proto(message).SerializeToString())
    return MESSAGE.to_text(message).body


def _meta(document: dict[str, Any]) -> Meta:
    return Meta(
        document.get("puid", ""),
        document.get("tags", {}),
        document.get("routing", {}),
        document.get("requestPath", {}),
        document.get("metrics", []),
    )
