"""The gRPC API of a component server: Seldon's seven services on one port, with reflection.

Source:
    Seldon's component server: which service has which method, the texts of errors, 4 MiB for a
    message unless an annotation says otherwise. Metadata that is not valid is an empty message.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from google.protobuf.json_format import ParseError
from google.protobuf.message import DecodeError

from servegraph.component import Caller
from servegraph.errors import Overloaded, PayloadError, UnitFailed
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK, MESSAGE, MESSAGES
from servegraph.serving.component_faults import details_of
from servegraph.serving.faults import FaultLog
from servegraph.serving.grpc_call import Call, Sizes, Unary
from servegraph.serving.grpc_reflection import reflection
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.grpc_status import CallFailed, Code
from servegraph.serving.metadata import model_proto
from servegraph.serving.port import Port

PACKAGE = "seldon.protos"
DEFAULT_MESSAGE_SIZE = 4 * 1024 * 1024
_UNLIMITED = 2**31 - 1

_MESSAGE, _FEEDBACK, _MESSAGES = f"{PACKAGE}.SeldonMessage", f"{PACKAGE}.Feedback", f"{PACKAGE}.SeldonMessageList"
_MODEL_REQUEST, _EMPTY = f"{PACKAGE}.SeldonModelMetadataRequest", "google.protobuf.Empty"


class Rpc(NamedTuple):
    """The full name of a method's request, and what answers it."""

    request: str
    handle: Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class GrpcOptions:
    """What the gRPC API takes.

    Attributes:
        message_size: bytes of a message, in and out; None for 4 MiB in, and any size out.
        requests: calls at once.
    """

    message_size: int | None = None
    requests: int = 1024


class ComponentGrpc:
    """The gRPC server of one component."""

    def __init__(self, caller: Caller, options: GrpcOptions) -> None:
        self._caller = caller
        self._options = options
        self._faults = FaultLog()
        self._in_flight = 0

    async def start(self, port: Port) -> GrpcServer:
        """Serve on this port; raises like `Port.listen`."""
        services = self._services()
        methods = {
            f"/{service}/{name}": self._method(rpc) for service, rpcs in services.items() for name, rpc in rpcs.items()
        }
        size = self._options.message_size
        sizes = Sizes(size or DEFAULT_MESSAGE_SIZE, size or _UNLIMITED)
        server = GrpcServer(methods, reflection(list(services)), sizes)
        await server.start(port)
        return server

    def _services(self) -> Mapping[str, Mapping[str, Rpc]]:
        predict = Rpc(_MESSAGE, partial(self._transform, "predict"))
        transform_input = Rpc(_MESSAGE, partial(self._transform, "transform_input"))
        transform_output = Rpc(_MESSAGE, partial(self._transform, "transform_output"))
        route, aggregate = Rpc(_MESSAGE, self._route), Rpc(_MESSAGES, self._aggregate)
        feedback = Rpc(_FEEDBACK, self._feedback)
        generic = {"TransformInput": transform_input, "TransformOutput": transform_output, "Route": route}
        model, graph = Rpc(_MODEL_REQUEST, self._metadata), Rpc(_EMPTY, self._graph_metadata)
        predicting = {"Predict": predict, "SendFeedback": feedback}
        services = {
            "Generic": {**generic, "Aggregate": aggregate, "SendFeedback": feedback},
            "Model": {**predicting, "Metadata": Rpc(_EMPTY, self._metadata)},
            "Router": {"Route": route, "SendFeedback": feedback},
            "Transformer": {"TransformInput": transform_input},
            "OutputTransformer": {"TransformOutput": transform_output},
            "Combiner": {"Aggregate": aggregate},
            "Seldon": {**predicting, "ModelMetadata": model, "GraphMetadata": graph},
        }
        return {f"{PACKAGE}.{name}": rpcs for name, rpcs in services.items()}

    def _method(self, rpc: Rpc) -> Unary:
        decode = message_class(rpc.request).FromString

        async def unary(call: Call, message: bytes) -> bytes:
            self._in_flight += 1
            try:
                self._admit()
                proto = decode(message)
                del message  # which may be large
                answer: bytes = (await rpc.handle(proto)).SerializeToString()
                return answer
            except DecodeError as error:
                raise CallFailed(Code.INTERNAL, "Exception deserializing request!") from error
            except (Exception, SystemExit, KeyboardInterrupt) as error:  # a component must not end the server
                raise self._failed(error) from error
            finally:
                self._in_flight -= 1

        return unary

    def _admit(self) -> None:
        if self._in_flight > self._options.requests:
            raise Overloaded(f"{self._options.requests} calls are being answered already")

    def _failed(self, error: BaseException) -> CallFailed:
        if isinstance(error, Exception) and not isinstance(error, PayloadError | Overloaded):
            self._faults.tell("-", error)
        return CallFailed(*details_of(error))

    async def _transform(self, method: str, proto: Any) -> Any:
        return (await self._caller.transform(method, Envelope(MESSAGE, "grpc", proto=proto))).proto()

    async def _route(self, proto: Any) -> Any:
        return (await self._caller.route(Envelope(MESSAGE, "grpc", proto=proto))).proto()

    async def _aggregate(self, proto: Any) -> Any:
        return (await self._caller.aggregate(Envelope(MESSAGES, "grpc", proto=proto))).proto()

    async def _feedback(self, proto: Any) -> Any:
        return (await self._caller.send_feedback(Envelope(FEEDBACK, "grpc", proto=proto))).proto()

    async def _metadata(self, _: Any) -> Any:
        try:
            return model_proto(self._caller.metadata())
        except (UnitFailed, ParseError):
            return message_class(f"{PACKAGE}.SeldonModelMetadata")()

    async def _graph_metadata(self, _: Any) -> Any:
        raise PayloadError("GraphMetadata not available on the Model level.")
