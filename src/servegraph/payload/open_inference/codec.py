"""The Open Inference protocol as a codec of messages.

A message that the graph did not change passes from one form into another whole: every tensor,
datatype, parameter and the id. One that a node made is written as a response; `chain` makes a
request of that where the next node needs one.
"""

from typing import Any

from servegraph.payload.envelope import Amendment, Text
from servegraph.payload.message import Message
from servegraph.payload.open_inference.bridge import InferMessage, from_message, to_message
from servegraph.payload.open_inference.document import (
    document_of_request,
    document_of_response,
    request_of_document,
    response_of_document,
)
from servegraph.payload.open_inference.model import InferRequest
from servegraph.payload.open_inference.proto import (
    proto_of_request,
    proto_of_response,
    request_of_proto,
    response_of_proto,
)
from servegraph.payload.open_inference.text import joined, split


class OpenInferenceCodec:
    """Translates requests and responses; which it is, the message tells. There is no `meta` to amend."""

    def document(self, text: Text) -> Any:
        return split(text)

    def dump(self, document: Any) -> Text:
        return joined(document)

    def from_document(self, document: Any) -> Message:
        is_response = isinstance(document, dict) and "inputs" not in document and "outputs" in document
        return to_message(response_of_document(document) if is_response else request_of_document(document))

    def from_text(self, text: Text) -> Message:
        return self.from_document(split(text, apart=True))

    def to_text(self, value: Message) -> Text:
        request = _unchanged_request(value)
        return joined(document_of_request(request) if request else document_of_response(from_message(value)))

    def from_proto(self, proto: Any) -> Message:
        is_request = proto.DESCRIPTOR.full_name == "inference.ModelInferRequest"
        return to_message(request_of_proto(proto) if is_request else response_of_proto(proto))

    def to_proto(self, value: Message) -> Any:
        request = _unchanged_request(value)
        # tritonclient reads numbers of raw contents only.
        return proto_of_request(request) if request else proto_of_response(from_message(value), raw=True)

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        return document

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        return proto

    def amend_value(self, value: Message, amendment: Amendment) -> Message:
        return value


def _unchanged_request(message: Message) -> InferRequest | None:
    source = message.source if isinstance(message, InferMessage) else None
    return source if isinstance(source, InferRequest) else None


OPEN_INFERENCE = OpenInferenceCodec()
