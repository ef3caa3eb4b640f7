"""Open Inference (v2) requests and responses: as JSON with binary tensors, as protobuf, as messages of a graph."""

from servegraph.payload.open_inference.bridge import InferMessage, from_message, from_outputs, to_message
from servegraph.payload.open_inference.chain import chained_document, chained_proto
from servegraph.payload.open_inference.codec import OPEN_INFERENCE
from servegraph.payload.open_inference.document import (
    document_of_request,
    document_of_response,
    request_of_document,
    response_of_document,
)
from servegraph.payload.open_inference.model import InferRequest, InferResponse, RequestedOutput, Tensor
from servegraph.payload.open_inference.proto import (
    proto_of_request,
    proto_of_response,
    request_of_proto,
    response_of_proto,
)
from servegraph.payload.open_inference.text import joined, split

__all__ = [
    "OPEN_INFERENCE",
    "InferMessage",
    "InferRequest",
    "InferResponse",
    "RequestedOutput",
    "Tensor",
    "chained_document",
    "chained_proto",
    "document_of_request",
    "document_of_response",
    "from_message",
    "from_outputs",
    "joined",
    "proto_of_request",
    "proto_of_response",
    "request_of_document",
    "request_of_proto",
    "response_of_document",
    "response_of_proto",
    "split",
    "to_message",
]
