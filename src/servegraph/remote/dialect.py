"""What a protocol calls things: the paths and gRPC methods of components, and how messages are chained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from servegraph.engine import Method
from servegraph.payload.schema import message_class


@dataclass(frozen=True, slots=True)
class Rpc:
    """A unary gRPC method of a component: its full name, and the full names of its messages."""

    path: str
    request: str
    answer: str

    def parse(self, data: bytes) -> Any:
        """The answer's message; raises DecodeError."""
        return message_class(self.answer).FromString(data)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol toward components. In paths `{model}` stands for the name of the node, or what replaces it.

    Attributes:
        paths: what a method is called over REST.
        rpcs: what it is called over gRPC, where it exists.
        rpc_of_request: by the name of the request's message, where that decides.
        status, metadata: paths of a GET that asks for them.
        health: path of a GET that tells whether the server works; None if there is none.
        status_rpc, metadata_rpc: gRPC methods for the same, where there are.
        chained_document, chained_proto: an answer made into the request for a model; what is a
            request already stays. None where every answer is a request.
    """

    paths: Mapping[Method, str]
    rpcs: Mapping[Method, Rpc]
    status: str
    metadata: str
    health: str | None
    status_rpc: Rpc | None
    metadata_rpc: Rpc
    rpc_of_request: Mapping[str, Rpc] = field(default_factory=dict)
    chained_document: Callable[[Any], Any] | None = None
    chained_proto: Callable[[Any, str], Any] | None = None

    def path(self, method: Method, model: str) -> str:
        return filled(self.paths[method], model)


def filled(template: str, model: str) -> str:
    """A path with the name of a model, which may be any text."""
    return template.replace("{model}", quote(model, safe=":@")) if "{" in template else template
