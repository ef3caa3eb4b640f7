"""An inference request and its response, decoded: the same whether JSON or protobuf carried them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from servegraph.errors import InvalidPayload

Parameters = dict[str, Any]


@dataclass(slots=True)
class Tensor:
    """A named array.

    Shape:
        data: of the dtype that belongs to `datatype`; BF16 as float32, BYTES as an object array of bytes.
    """

    name: str
    datatype: str
    data: NDArray[Any]
    parameters: Parameters = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape


@dataclass(slots=True)
class RequestedOutput:
    """An output that the caller wants."""

    name: str
    parameters: Parameters = field(default_factory=dict)


@dataclass(slots=True)
class InferRequest:
    """What a caller sends; without `outputs` it wants all of them."""

    model_name: str = ""
    model_version: str = ""
    id: str = ""
    parameters: Parameters = field(default_factory=dict)
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[RequestedOutput] = field(default_factory=list)


@dataclass(slots=True)
class InferResponse:
    """What a model answers."""

    model_name: str = ""
    model_version: str = ""
    id: str = ""
    parameters: Parameters = field(default_factory=dict)
    outputs: list[Tensor] = field(default_factory=list)

    def only(self, wanted: Iterable[RequestedOutput]) -> "InferResponse":
        """The outputs that are wanted, in that order; all, if none is named.

        Raises:
            InvalidPayload: there is no output of that name.
        """
        names = [output.name for output in wanted]
        if not names:
            return self
        known = {output.name: output for output in self.outputs}
        for name in names:
            if name not in known:
                raise InvalidPayload(f"there is no output {name!r}; there is {', '.join(map(repr, known)) or 'none'}")
        chosen = [known[name] for name in names]
        return InferResponse(self.model_name, self.model_version, self.id, self.parameters, chosen)


def check_names(tensors: Iterable[Tensor | RequestedOutput], where: str) -> None:
    """Raise InvalidPayload if two have the same name."""
    seen: set[str] = set()
    for tensor in tensors:
        if tensor.name in seen:
            raise InvalidPayload(f"{where} has two tensors named {tensor.name!r}")
        seen.add(tensor.name)


def check_parameters(parameters: Parameters, where: str) -> None:
    """Raise InvalidPayload if they ask for an extension without which the answer would be wrong."""
    if parameters.get("classification"):
        raise InvalidPayload(f"{where} asks for classification, which is not served here")
    if "shared_memory_region" in parameters:
        raise InvalidPayload(f"{where} is in shared memory, which is not served here", hint="send the tensor itself")
