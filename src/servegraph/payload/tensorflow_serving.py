"""TensorFlow Serving's answers made into the next node's requests; its tensors are `tftensor`'s matter.

Source:
    Seldon's executor: `predictions` are renamed `instances`, the outputs of a PredictResponse become
    the inputs of a PredictRequest, what is a request already stays. Numbers stay exact.
"""

from typing import Any, NoReturn

import orjson

from servegraph.errors import InvalidPayload
from servegraph.payload.envelope import Amendment, Text
from servegraph.payload.message import Message
from servegraph.payload.schema import message_class


def chained_document(document: Any) -> Any:
    """The parsed JSON of the next request; the document given stays as it is.

    Raises:
        InvalidPayload: it is neither a request nor an answer with predictions.
    """
    if isinstance(document, dict) and ("instances" in document or "inputs" in document):
        return document
    if not isinstance(document, dict) or "predictions" not in document:
        raise InvalidPayload("Failed to convert tensorflow response so it could be chained to new input")
    return {("instances" if name == "predictions" else name): member for name, member in document.items()}


def chained_proto(proto: Any, model: str) -> Any:
    """The next request for `model`; the message given stays as it is.

    Raises:
        InvalidPayload: it is neither a request nor a PredictResponse.
    """
    kind = proto.DESCRIPTOR.name
    if kind == "PredictResponse":
        request = message_class("tensorflow.serving.PredictRequest")()
        for name, tensor in proto.outputs.items():
            request.inputs[name].CopyFrom(tensor)
    elif kind in ("PredictRequest", "ClassificationRequest", "RegressionRequest", "GetModelMetadataRequest"):
        request = type(proto)()
        request.CopyFrom(proto)
    elif kind in ("GetModelStatusRequest", "MultiInferenceRequest"):
        return proto
    else:
        raise InvalidPayload(f"a {kind} cannot be chained to new input")
    request.model_spec.name = model
    return request


class TensorflowCodec:
    """Reads and writes JSON; nothing is translated, as its JSON names neither the inputs nor their types."""

    def document(self, text: Text) -> Any:
        try:
            return orjson.loads(text.body)
        except orjson.JSONDecodeError as error:
            raise InvalidPayload(f"the body is not JSON: {error}") from error

    def dump(self, document: Any) -> Text:
        return Text(orjson.dumps(document))

    def from_document(self, document: Any) -> Message:
        return _untranslated()

    def from_text(self, text: Text) -> Message:
        return self.from_document(self.document(text))

    def to_text(self, value: Message) -> Text:
        return _untranslated()

    def from_proto(self, proto: Any) -> Message:
        return _untranslated()

    def to_proto(self, value: Message) -> Any:
        return _untranslated()

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        return document

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        return proto

    def amend_value(self, value: Message, amendment: Amendment) -> Message:
        return value


def _untranslated() -> NoReturn:
    raise InvalidPayload("TensorFlow Serving's messages pass only to nodes that speak what the caller speaks")


TENSORFLOW_SERVING = TensorflowCodec()
