"""The protobuf form of requests and responses to and from the model.

Source:
    The Open Inference gRPC protocol: tensors come either all as raw bytes beside the message, or
    each as a typed list within it. FP16 and BF16 have no list.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.errors import MalformedArray
from servegraph.payload.dimensions import dimensions
from servegraph.payload.open_inference.datatypes import DTYPES, check_datatype, narrowed, shaped
from servegraph.payload.open_inference.model import (
    InferRequest,
    InferResponse,
    Parameters,
    RequestedOutput,
    Tensor,
    check_names,
    check_parameters,
)
from servegraph.payload.open_inference.parameters import fill_parameters, parameters_of
from servegraph.payload.open_inference.raw import of_raw, to_raw
from servegraph.payload.schema import message_class

_FIELDS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_WIDE = {"int_contents": np.dtype(np.int32), "uint_contents": np.dtype(np.uint32)}


def request_of_proto(proto: Any) -> InferRequest:
    """The request in a ModelInferRequest.

    Raises:
        InvalidPayload: it is malformed; MalformedArray for a tensor.
    """
    outputs = [RequestedOutput(output.name, _checked(output, output.name)) for output in proto.outputs]
    check_names(outputs, "outputs")
    inputs = _tensors_of(proto.inputs, proto.raw_input_contents, "inputs")
    return InferRequest(**_head(proto), inputs=inputs, outputs=outputs)


def response_of_proto(proto: Any) -> InferResponse:
    """The response in a ModelInferResponse; raises as `request_of_proto`."""
    return InferResponse(**_head(proto), outputs=_tensors_of(proto.outputs, proto.raw_output_contents, "outputs"))


def _head(proto: Any) -> dict[str, Any]:
    return {
        "model_name": proto.model_name,
        "model_version": proto.model_version,
        "id": proto.id,
        "parameters": parameters_of(proto.parameters),
    }


def _checked(proto: Any, where: str) -> Parameters:
    parameters = parameters_of(proto.parameters)
    check_parameters(parameters, where)
    return parameters


def _tensors_of(protos: Any, raw: Any, member: str) -> list[Tensor]:
    if raw and len(raw) != len(protos):
        raise MalformedArray(f"raw contents are there for {len(raw)} of the {len(protos)} {member}")
    tensors = [_tensor(proto, raw[index] if raw else None, f"{member}[{index}]") for index, proto in enumerate(protos)]
    check_names(tensors, member)
    return tensors


def _tensor(proto: Any, raw: bytes | None, where: str) -> Tensor:
    datatype = check_datatype(proto.datatype, where)
    shape = dimensions(proto.shape, f"{where}.shape")
    parameters = _checked(proto, where)
    if raw is None:
        data = _listed(proto.contents, datatype, shape, where)
    elif proto.HasField("contents"):
        raise MalformedArray(f"{where} has both contents and raw contents")
    else:
        data = of_raw(datatype, shape, raw, where)
    return Tensor(proto.name, datatype, data, parameters)


def _listed(contents: Any, datatype: str, shape: tuple[int, ...], where: str) -> NDArray[Any]:
    field = _FIELDS.get(datatype)
    if field is None:
        raise MalformedArray(f"{where} of {datatype} must be sent as raw contents")
    dtype = DTYPES[datatype]
    values = np.array(list(getattr(contents, field)), dtype=_WIDE.get(field, dtype))
    return shaped(narrowed(values, dtype, where) if field in _WIDE else values, shape, where)


def proto_of_request(request: InferRequest, *, raw: bool = False) -> Any:
    """The ModelInferRequest of a request; `raw` sends the tensors as bytes, which some datatypes always are."""
    proto = message_class("inference.ModelInferRequest")()
    _fill_head(proto, request)
    _fill_tensors(proto.inputs, proto.raw_input_contents, request.inputs, raw)
    for output in request.outputs:
        fill_parameters(proto.outputs.add(name=output.name).parameters, output.parameters)
    return proto


def proto_of_response(response: InferResponse, *, raw: bool = False) -> Any:
    """The ModelInferResponse of a response; `raw` as for a request."""
    proto = message_class("inference.ModelInferResponse")()
    _fill_head(proto, response)
    _fill_tensors(proto.outputs, proto.raw_output_contents, response.outputs, raw)
    return proto


def _fill_head(proto: Any, message: InferRequest | InferResponse) -> None:
    proto.model_name = message.model_name
    proto.model_version = message.model_version
    proto.id = message.id
    fill_parameters(proto.parameters, message.parameters)


def _fill_tensors(protos: Any, raw_contents: Any, tensors: list[Tensor], raw: bool) -> None:
    raw = raw or any(tensor.datatype not in _FIELDS for tensor in tensors)
    for tensor in tensors:
        proto = protos.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        fill_parameters(proto.parameters, tensor.parameters)
        if raw:
            raw_contents.append(to_raw(tensor.datatype, tensor.data))
        else:
            getattr(proto.contents, _FIELDS[tensor.datatype]).extend(tensor.data.ravel().tolist())
