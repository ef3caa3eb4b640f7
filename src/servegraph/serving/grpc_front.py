"""The gRPC front: `seldon.protos.Seldon` with reflection, on grpcio's asyncio server.

Source:
    Seldon's executor: one unary service, `seldon-puid` in and out as metadata.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection

from servegraph.engine import Engine
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import EnvironmentFault, InvalidPayload, PayloadError
from servegraph.payload import wire_proto
from servegraph.payload.schema import message_class, pool
from servegraph.serving.faults import FaultLog, status_of, text_of

SERVICE = "seldon.protos.Seldon"
_UNLIMITED = 2**31 - 1  # the executor's default message size
_OPTIONS = [
    ("grpc.max_receive_message_length", _UNLIMITED),
    ("grpc.max_send_message_length", _UNLIMITED),
    ("grpc.so_reuseport", 0),
]

Handler = Callable[[Any, str], Awaitable[Any]]


class GrpcFront:
    """Seldon's external gRPC service for one engine."""

    def __init__(self, engine: Engine, metadata: Any, listener: Listener) -> None:
        self._engine = engine
        self._metadata = metadata
        self._listener = listener
        self._faults = FaultLog()

    async def start(self, address: str) -> grpc.aio.Server:
        """Bind and serve.

        Raises:
            EnvironmentFault: the address cannot be bound.
        """
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers([self._service()])
        reflection.enable_server_reflection([SERVICE, reflection.SERVICE_NAME], server, pool=pool())
        try:
            server.add_insecure_port(address)
        except RuntimeError as error:
            raise EnvironmentFault(f"cannot listen on {address}", hint="choose another with --grpc-port") from error
        await server.start()
        return server

    def _service(self) -> grpc.GenericRpcHandler:
        methods = {
            "Predict": self._method("Predict", self._predict, "seldon.protos.SeldonMessage"),
            "SendFeedback": self._method("SendFeedback", self._feedback, "seldon.protos.Feedback"),
            "GraphMetadata": self._method("GraphMetadata", self._graph_metadata, "google.protobuf.Empty"),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def _method(self, name: str, handle: Handler, request: str) -> grpc.RpcMethodHandler:
        service = f"/{SERVICE}/{name}"
        decode = message_class(request).FromString

        async def unary(data: bytes, context: Any) -> Any:
            started = perf_counter()
            puid = _puid_of(context)
            try:
                await context.send_initial_metadata((("seldon-puid", puid),))
                answer = await handle(_decoded(decode, data), puid)
            except Exception as error:
                await self._fail(error, service, puid, started, context)
                raise
            self._listener.request_done(service, "unary", "OK", perf_counter() - started)
            return answer

        return grpc.unary_unary_rpc_method_handler(unary, None, lambda answer: answer.SerializeToString())

    async def _fail(self, error: Exception, service: str, puid: str, started: float, context: Any) -> None:
        status = status_of(error)
        if not isinstance(error, PayloadError):
            self._faults.tell(puid, error)
        self._listener.request_done(service, "unary", _code_name(status.grpc), perf_counter() - started)
        await context.abort(status.grpc, text_of(error))

    async def _predict(self, proto: Any, puid: str) -> Any:
        return wire_proto.encode(await self._engine.predict(wire_proto.decode(proto), puid))

    async def _feedback(self, proto: Any, _: str) -> Any:
        return wire_proto.encode(await self._engine.send_feedback(wire_proto.decode_feedback(proto)))

    async def _graph_metadata(self, _empty: Any, _: str) -> Any:
        return self._metadata


def _decoded(decode: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return decode(data)
    except DecodeError as error:
        raise InvalidPayload("the request is no message of this method") from error


def _puid_of(context: Any) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "seldon-puid" and is_puid(value):
            return str(value)
    return new_puid()


def _code_name(code: grpc.StatusCode) -> str:
    """The name as Go's gRPC prints it: InvalidArgument for INVALID_ARGUMENT."""
    return "".join(word.capitalize() for word in code.name.split("_"))
