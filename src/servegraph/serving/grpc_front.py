"""The gRPC front of a graph: its protocols' services with reflection, on grpcio's asyncio server.

Here is what all services share: identity, deadline, errors, counting. What a method asks the
engine stands in `seldon_rpc`, `open_inference_rpc` and the relays.

Source:
    Seldon's executor: unary methods, `seldon-puid` in and out as metadata.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection

from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import EnvironmentFault, InvalidPayload, Overloaded, PayloadError
from servegraph.payload.schema import message_class, pool
from servegraph.serving.faults import FaultLog, details_of, status_of

UNLIMITED = 2**31 - 1  # the executor's default message size

Handler = Callable[[Any, Context], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Rpc:
    """One unary method: the full name of its request message, and what answers it.

    Attributes:
        tells_puid: whether the answer carries `seldon-puid` as metadata.
    """

    request: str
    handle: Handler
    tells_puid: bool = True


Services = Mapping[str, Mapping[str, Rpc]]


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """What the front takes.

    Attributes:
        message_size: bytes of a message, in and out.
        timeout_s: what the whole graph may take; None for ever.
        requests: calls at once; more are sent away with RESOURCE_EXHAUSTED.
    """

    message_size: int = UNLIMITED
    timeout_s: float | None = None
    requests: int = 1024


class GrpcFront:
    """The services of one graph."""

    def __init__(self, services: Services, limits: GrpcLimits, listener: Listener) -> None:
        self._services = services
        self._limits = limits
        self._listener = listener
        self._faults = FaultLog()
        self._in_flight = 0

    async def start(self, address: str, credentials: grpc.ServerCredentials | None = None) -> grpc.aio.Server:
        """Bind and serve; with credentials, over TLS.

        Raises:
            EnvironmentFault: the address cannot be bound.
        """
        server = grpc.aio.server(options=self._options())
        server.add_generic_rpc_handlers([self._service(name, rpcs) for name, rpcs in self._services.items()])
        reflection.enable_server_reflection([*self._services, reflection.SERVICE_NAME], server, pool=pool())
        try:
            if credentials is None:
                server.add_insecure_port(address)
            else:
                server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise EnvironmentFault(f"cannot listen on {address}", hint="choose another with --grpc-port") from error
        await server.start()
        return server

    def _options(self) -> Sequence[tuple[str, int]]:
        size = self._limits.message_size
        return [
            ("grpc.max_receive_message_length", size),
            ("grpc.max_send_message_length", size),
            ("grpc.so_reuseport", 0),
        ]

    def _service(self, service: str, rpcs: Mapping[str, Rpc]) -> grpc.GenericRpcHandler:
        methods = {name: self._method(f"/{service}/{name}", rpc) for name, rpc in rpcs.items()}
        return grpc.method_handlers_generic_handler(service, methods)

    def _method(self, path: str, rpc: Rpc) -> grpc.RpcMethodHandler:
        decode = message_class(rpc.request).FromString

        async def unary(data: bytes, call: Any) -> Any:
            started = perf_counter()
            context = self._context(call)
            self._in_flight += 1
            try:
                if rpc.tells_puid:
                    await call.send_initial_metadata((("seldon-puid", context.puid),))
                self._admit()
                answer = await rpc.handle(_decoded(decode, data), context)
            except Exception as error:
                await self._fail(error, path, context, started, call)
                raise
            finally:
                self._in_flight -= 1
            (context.listener or self._listener).request_done(path, "unary", "OK", perf_counter() - started)
            return answer

        return grpc.unary_unary_rpc_method_handler(unary, None, lambda answer: answer.SerializeToString())

    def _admit(self) -> None:
        if self._in_flight > self._limits.requests:
            raise Overloaded(f"{self._limits.requests} calls are being answered already", hint="call again later")

    def _context(self, call: Any) -> Context:
        metadata = call.invocation_metadata() or ()
        given = next((value for key, value in metadata if key == "seldon-puid"), "")
        brought = isinstance(given, str) and is_puid(given)
        left = [seconds for seconds in (call.time_remaining(), self._limits.timeout_s) if seconds is not None]
        return Context(
            given if brought else new_puid(),
            brought,
            "grpc",
            headers=metadata,
            deadline=monotonic() + min(left) if left else None,
            logged=not any(key == "seldon-skip-logging" for key, _ in metadata),
        )

    async def _fail(self, error: Exception, path: str, context: Context, started: float, call: Any) -> None:
        status = status_of(error)
        if not isinstance(error, PayloadError):
            self._faults.tell(context.puid, error)
        listener = context.listener or self._listener
        listener.request_done(path, "unary", _code_name(status.grpc), perf_counter() - started)
        await call.abort(status.grpc, details_of(error))


def _decoded(decode: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return decode(data)
    except DecodeError as error:
        raise InvalidPayload("the request is no message of this method") from error


def _code_name(code: grpc.StatusCode) -> str:
    """The name as Go's gRPC prints it: InvalidArgument for INVALID_ARGUMENT."""
    return "".join(word.capitalize() for word in code.name.split("_"))
