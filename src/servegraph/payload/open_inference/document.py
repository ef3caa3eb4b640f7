"""The parsed JSON of requests and responses to and from the model; `text` makes bodies of it."""

from collections.abc import Sequence
from typing import Any

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.dimensions import dimensions
from servegraph.payload.open_inference.datatypes import check_datatype
from servegraph.payload.open_inference.lists import of_list, to_list
from servegraph.payload.open_inference.model import (
    InferRequest,
    InferResponse,
    Parameters,
    RequestedOutput,
    Tensor,
    check_names,
    check_parameters,
)
from servegraph.payload.open_inference.raw import of_raw, to_raw


def request_of_document(document: Any) -> InferRequest:
    """The request in parsed JSON.

    Raises:
        InvalidPayload: a member is malformed; MalformedArray for a tensor.
    """
    return InferRequest(
        **_common(document),
        inputs=_tensors_of(document, "inputs"),
        outputs=_requested(document.get("outputs")),
    )


def response_of_document(document: Any) -> InferResponse:
    """The response in parsed JSON; raises as `request_of_document`."""
    return InferResponse(**_common(document), outputs=_tensors_of(document, "outputs"))


def _common(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise InvalidPayload("the body must be a JSON object")
    texts = {name: _text(document.get(name), name) for name in ("model_name", "model_version", "id")}
    return {**texts, "parameters": _parameters(document, "the body")}


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidPayload(f"{name} must be a string")
    return value


def _parameters(owner: dict[str, Any], where: str) -> Parameters:
    parameters = owner.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise InvalidPayload(f"parameters of {where} must be an object")
    check_parameters(parameters, where)
    return dict(parameters)


def _members(value: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(member, dict) for member in value):
        raise InvalidPayload(f"{where} must be a list of tensors")
    return value


def _tensors_of(document: dict[str, Any], member: str) -> list[Tensor]:
    tensors = [
        _tensor(entry, f"{member}[{index}]") for index, entry in enumerate(_members(document.get(member), member))
    ]
    check_names(tensors, member)
    return tensors


def _tensor(entry: dict[str, Any], where: str) -> Tensor:
    name = _name(entry, where)
    datatype = check_datatype(entry.get("datatype"), where)
    shape = dimensions(entry.get("shape"), f"{where}.shape")
    parameters = _parameters(entry, where)
    if "data" not in entry:
        raise MalformedArray(f"{where} has no data")
    data = entry["data"]
    read = of_raw if isinstance(data, bytes | memoryview) else of_list
    return Tensor(name, datatype, read(datatype, shape, data, where), parameters)


def _name(entry: dict[str, Any], where: str) -> str:
    name = entry.get("name")
    if not isinstance(name, str):
        raise InvalidPayload(f"{where} has no name")
    return name


def _requested(value: Any) -> list[RequestedOutput]:
    if value is None:
        return []
    members = _members(value, "outputs")
    outputs = [
        RequestedOutput(_name(entry, f"outputs[{index}]"), _parameters(entry, f"outputs[{index}]"))
        for index, entry in enumerate(members)
    ]
    check_names(outputs, "outputs")
    return outputs


def document_of_request(request: InferRequest) -> dict[str, Any]:
    """The parsed JSON of a request.

    Raises:
        InvalidPayload: BYTES that JSON cannot carry.
    """
    document = _head(request)
    document["inputs"] = [_entry(tensor, binary=False) for tensor in request.inputs]
    if request.outputs:
        document["outputs"] = [
            {"name": output.name, **_set(parameters=output.parameters)} for output in request.outputs
        ]
    return document


def document_of_response(response: InferResponse, request: InferRequest | None = None) -> dict[str, Any]:
    """The parsed JSON of a response, with the outputs as raw bytes that `request` wants so.

    Raises:
        InvalidPayload: BYTES that JSON cannot carry, or the request names an output that is not there.
    """
    wanted = request or InferRequest()
    everywhere = bool(wanted.parameters.get("binary_data_output"))
    binary = {output.name: bool(output.parameters.get("binary_data", everywhere)) for output in wanted.outputs}
    chosen: Sequence[Tensor] = response.only(wanted.outputs).outputs
    outputs = [_entry(tensor, binary=binary.get(tensor.name, everywhere)) for tensor in chosen]
    return {**_head(response), "outputs": outputs}


def _head(message: InferRequest | InferResponse) -> dict[str, Any]:
    return _set(
        model_name=message.model_name,
        model_version=message.model_version,
        id=message.id,
        parameters=message.parameters,
    )


def _set(**members: Any) -> dict[str, Any]:
    return {name: member for name, member in members.items() if member}


def _entry(tensor: Tensor, *, binary: bool) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        **_set(parameters=tensor.parameters),
        "data": to_raw(tensor.datatype, tensor.data) if binary else to_list(tensor.data, tensor.name),
    }
