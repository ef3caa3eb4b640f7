"""What a node of the graph gets of a request, and the response that its answer makes.

One numeric input is that array; inputs that are columns of one table become it, named by the
inputs; anything else of several inputs is jsonData: an object of arrays by name. BYTES are text,
unless `content_type` says str, base64 (bytes) or hg_json and json (any JSON), which make a single
element strData, binData and jsonData.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.message import Message, Meta
from servegraph.payload.open_inference.datatypes import DTYPES, datatype_of
from servegraph.payload.open_inference.model import InferRequest, InferResponse, Parameters, Tensor

DEFAULT_OUTPUT = "predict"
_TABLE = "pd"  # the content type of a request whose inputs are columns, be it a single one


@dataclass(slots=True)
class InferMessage(Message):
    """A message that remembers what it was made of, so that it passes on whole.

    Attributes:
        origin: the request or response.
        decoded: the value that was made of it; another value in its place makes the origin void.
    """

    origin: InferRequest | InferResponse | None = None
    decoded: Any = None

    @property
    def source(self) -> InferRequest | InferResponse | None:
        """The origin, if the message is still what it says."""
        return self.origin if self.value is self.decoded else None


def to_message(origin: InferRequest | InferResponse) -> InferMessage:
    """The message for a node; its puid is the id of the request.

    Raises:
        InvalidPayload: there are no tensors, or one is not what its content type says.
    """
    tensors = origin.inputs if isinstance(origin, InferRequest) else origin.outputs
    if not tensors and isinstance(origin, InferRequest):
        raise InvalidPayload("the request has no inputs")
    match tensors:
        case []:
            made = Message()
        case [tensor]:
            made = _of_one(tensor, {**origin.parameters, **tensor.parameters})
        case _:
            made = _of_several(tensors, origin.parameters)
    meta = Meta(puid=origin.id)
    return InferMessage(made.kind, made.value, made.names, meta, origin=origin, decoded=made.value)


def _names(parameters: Parameters) -> list[str]:
    names = parameters.get("names")
    if isinstance(names, str):
        names = _json_or_none(names) if names.startswith("[") else names.split(",")
    return [str(name) for name in names] if isinstance(names, list) else []


def _json_or_none(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _of_one(tensor: Tensor, parameters: Parameters) -> Message:
    if parameters.get("content_type") == _TABLE and tensor.shape[:1] == (tensor.data.size,):
        return _of_several([tensor], parameters)
    if tensor.datatype != "BYTES":
        return Message("tensor", tensor.data, _names(parameters))
    kind = parameters.get("content_type")
    if tensor.data.size == 1 and kind in ("str", "base64", "hg_json", "json"):
        try:
            return _of_element(tensor.data.item(), kind)
        except ValueError as error:
            raise MalformedArray(f"{tensor.name} is no {kind}: {error}") from error
    return Message("ndarray", _text(tensor.data), _names(parameters))


def _of_element(element: bytes, content_type: str) -> Message:
    match content_type:
        case "str":
            return Message("strData", element.decode())
        case "base64":
            return Message("binData", base64.b64decode(element, validate=True))
    return Message("jsonData", orjson.loads(element))


def _text(data: NDArray[Any]) -> NDArray[Any]:
    try:
        flat = [element.decode() for element in data.ravel().tolist()]
    except UnicodeDecodeError:
        return data
    return np.array(flat, dtype=object).reshape(data.shape)


def _of_several(tensors: list[Tensor], parameters: Parameters) -> Message:
    values = {tensor.name: _text(tensor.data) if tensor.datatype == "BYTES" else tensor.data for tensor in tensors}
    are_columns = all(value.ndim == 1 or value.shape[1:] == (1,) for value in values.values())
    if not are_columns or len({value.size for value in values.values()}) != 1:
        return Message("jsonData", values)
    table = np.column_stack([value.reshape(-1) for value in values.values()])
    return Message("ndarray" if table.dtype == object else "tensor", table, _names(parameters) or list(values))


def from_message(
    message: Message, request: InferRequest | None = None, *, output: str = DEFAULT_OUTPUT
) -> InferResponse:
    """The response for a node's answer.

    An array's names become the output's parameter `names`, a JSON list. Who sends the response
    applies the request's choice of outputs.

    Shape:
        output: the name of the output, e.g. from the graph's signature.

    Raises:
        InvalidPayload: the answer is an array of a type that the protocol does not have.
    """
    asked = request or InferRequest(id=message.meta.puid)
    source = message.source if isinstance(message, InferMessage) else None
    if isinstance(source, InferResponse):
        return source
    tensors = source.inputs if source else _tensors(message, output)
    return InferResponse(asked.model_name, asked.model_version, asked.id, outputs=tensors)


def from_outputs(message: Message, request: InferRequest, names: Sequence[str]) -> InferResponse:
    """The response for the answer of a node that was told which outputs are wanted: an array for one, else an object.

    Raises:
        InvalidPayload: an output is an array of a type that the protocol does not have.
    """
    if len(names) == 1:
        return from_message(message, request, output=names[0])
    tensors = [_array(name, Message("ndarray", np.asarray(message.value[name]))) for name in names]
    return InferResponse(request.model_name, request.model_version, request.id, outputs=tensors)


def _tensors(message: Message, output: str) -> list[Tensor]:
    match message.kind:
        case None:
            return []
        case "tensor" | "ndarray" | "tftensor":
            return [_array(output, message)]
        case "strData":
            return [_single(output, message.value.encode(), "str")]
        case "binData":
            return [_single(output, base64.b64encode(message.value), "base64")]
        case "jsonData":
            return [_single(output, _json(message.value), "hg_json")]
    raise InvalidPayload(f"{message.kind} has no form in this protocol")


def _single(name: str, element: bytes, content_type: str) -> Tensor:
    data = np.array([element], dtype=object)
    return Tensor(name, "BYTES", data, {"content_type": content_type})


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise InvalidPayload(f"the answer has no JSON form: {error}") from error


def _array(name: str, message: Message) -> Tensor:
    array = np.asarray(message.value)
    data = _elements(array) if array.dtype.kind in "SUO" else array
    datatype = datatype_of(data)
    parameters = {"names": orjson.dumps(message.names).decode()} if message.names else {}
    return Tensor(name, datatype, data.astype(DTYPES[datatype], copy=False), parameters)


def _elements(array: NDArray[Any]) -> NDArray[Any]:
    flat = array.ravel().tolist()
    kinds = set(map(type, flat))
    if kinds <= {int, float, type(None)} and kinds:
        return array.astype(np.float64)
    if not kinds <= {str, bytes}:
        raise InvalidPayload("an array of mixed content has no datatype in this protocol")
    encoded = [element.encode() if isinstance(element, str) else element for element in flat]
    return np.array(encoded, dtype=object).reshape(array.shape)
