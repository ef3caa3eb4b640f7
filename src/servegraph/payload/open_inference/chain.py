"""A node's response made into the next node's request, exactly: no number passes through a float.

Source:
    Seldon's executor renames `outputs` to `inputs` and keeps the rest; what has inputs already is a
    request. Unlike there, int64 and raw contents survive.
"""

from typing import Any

from servegraph.errors import InvalidPayload
from servegraph.payload.schema import message_class


def chained_document(document: Any) -> Any:
    """The parsed JSON of the next request; the document given stays as it is.

    Raises:
        InvalidPayload: it is neither a request nor a response.
    """
    if isinstance(document, dict) and "inputs" in document:
        return document
    if not isinstance(document, dict) or "outputs" not in document:
        raise InvalidPayload("Failed to convert kfserving response so it could be chained to new input")
    return {("inputs" if name == "outputs" else name): member for name, member in document.items()}


def chained_proto(proto: Any, model: str) -> Any:
    """The ModelInferRequest for `model`, of a request or a response; the message given stays as it is."""
    request = message_class("inference.ModelInferRequest")()
    if proto.DESCRIPTOR.full_name == "inference.ModelInferRequest":
        request.CopyFrom(proto)
    else:
        request.id = proto.id
        for name, parameter in proto.parameters.items():
            request.parameters[name].CopyFrom(parameter)
        for output in proto.outputs:
            # An output and an input have the same fields.
            request.inputs.add().ParseFromString(output.SerializeToString())
        request.raw_input_contents.extend(proto.raw_output_contents)
    request.model_name = model
    return request
