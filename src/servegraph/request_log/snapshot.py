"""A message as it is at the moment, at the least cost: nodes may change its array in place afterwards.

Where there are bytes, those are it. A few numbers are printed at once, which takes 3 µs; of many, and of what
would become a protobuf, the numbers are copied, and the shipper prints them (`printed`) to the same bytes.
"""

from typing import Any

import numpy as np
import orjson

from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.json_text import printed_quickly
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_json import document_of_meta
from servegraph.request_log.wire import Numbers

FEW = 64
_PROTOBUF = "application/protobuf"

Snapshot = tuple[bytes, str, str, Numbers | None]
"""A body, its content type and encoding, and what it is to be printed with, if it is numbers."""


def snapshot(envelope: Envelope[Any]) -> Snapshot:
    """The message as the caller's transport carries it; raises what its codec raises."""
    if envelope.is_only_decoded and envelope.codec is MESSAGE:
        found = _unprinted(envelope.value(), envelope.transport)
        if found is not None:
            return found
    if envelope.transport == "grpc":
        return envelope.proto().SerializeToString(), _PROTOBUF, "", None
    text = envelope.text()
    return text.body, text.content_type, text.encoding.strip().lower(), None


def _unprinted(message: Any, transport: str) -> Snapshot | None:
    """A message of plain numbers, if it is one, and worth it."""
    array = message.value
    if type(array) is not np.ndarray or type(message) is not Message:
        return None
    if (array.size <= FEW and transport == "rest") or array.dtype.kind not in "biuf" or not message.is_array:
        return None
    about = printed_quickly([message.names, document_of_meta(message.meta)])
    if about is None:
        return None
    content_type = _PROTOBUF if transport == "grpc" else "application/json"
    return array.tobytes(), content_type, "", (str(message.kind), array.dtype.str, array.shape, about, transport)


def printed(numbers: Numbers, body: bytes) -> bytes:
    """The body of such a message; raises what its codec raises."""
    kind, dtype, shape, about, transport = numbers
    names, meta = orjson.loads(about)
    message = Message(kind, np.frombuffer(body, dtype).reshape(shape), names, _meta(meta))  # type: ignore[arg-type]
    if transport == "grpc":
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
