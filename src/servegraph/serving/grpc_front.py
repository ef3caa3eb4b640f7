"""The gRPC front of a graph: its protocols' services, with reflection.

Here is what all services share: identity, deadline, errors, counting. What a method asks the
engine stands in `seldon_rpc`, `open_inference_rpc` and the relays.

Source:
    Seldon's executor: unary methods, `seldon-puid` in and out as metadata.
"""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any

from google.protobuf.message import DecodeError

from servegraph.engine.context import Context
from servegraph.engine.events import Listener
from servegraph.engine.puid import is_puid, new_puid
from servegraph.errors import InvalidPayload, Overloaded, PayloadError
from servegraph.payload.numbers import LARGE
from servegraph.payload.schema import message_class
from servegraph.serving.faults import FaultLog, details_of, status_of
from servegraph.serving.grpc_call import Call, Sizes, Unary
from servegraph.serving.grpc_reflection import reflection
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.grpc_status import CallFailed, Code
from servegraph.serving.port import Port

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

    async def start(self, port: Port, tls: ssl.SSLContext | None = None) -> GrpcServer:
        """Serve on this port; raises like `Port.listen`."""
        methods = {
            f"/{service}/{name}": self._method(f"/{service}/{name}", rpc)
            for service, rpcs in self._services.items()
            for name, rpc in rpcs.items()
        }
        size = self._limits.message_size
        server = GrpcServer(methods, reflection(list(self._services)), Sizes(size, size))
        await server.start(port, tls)
        return server

    def _method(self, path: str, rpc: Rpc) -> Unary:
        decode = message_class(rpc.request).FromString

        async def unary(call: Call, message: bytes) -> bytes:
            started = perf_counter()
            context = self._context(call)
            self._in_flight += 1
            try:
                if rpc.tells_puid:
                    call.headers.append(("seldon-puid", context.puid))
                self._admit()
                context.is_large = len(message) > LARGE
                proto = _decoded(decode, message)
                del message  # which may be large
                handled = rpc.handle(proto, context)
                del proto
                answer: bytes = (await handled).SerializeToString()
            except Exception as error:
                raise self._failed(error, path, context, started) from error
            finally:
                self._in_flight -= 1
            (context.listener or self._listener).request_done(path, "unary", "OK", perf_counter() - started)
            return answer

        return unary

    def _admit(self) -> None:
        if self._in_flight > self._limits.requests:
            raise Overloaded(f"{self._limits.requests} calls are being answered already", hint="call again later")

    def _context(self, call: Call) -> Context:
        metadata, deadline, limit = call.metadata, call.deadline, self._limits.timeout_s
        if limit is not None:
            deadline = monotonic() + limit if deadline is None else min(deadline, monotonic() + limit)
        given, logged = "", True
        for key, value in metadata:
            if key == "seldon-puid" and not given:
                given = value
            elif key == "seldon-skip-logging":
                logged = False
        brought = isinstance(given, str) and is_puid(given)
        puid = given if brought else new_puid()
        return Context(puid, brought, "grpc", headers=metadata, deadline=deadline, logged=logged)

    def _failed(self, error: Exception, path: str, context: Context, started: float) -> CallFailed:
        code = status_of(error).grpc
        if not isinstance(error, PayloadError):
            self._faults.tell(context.puid, error)
        listener = context.listener or self._listener
        listener.request_done(path, "unary", _code_name(code), perf_counter() - started)
        return CallFailed(code, details_of(error))


def _decoded(decode: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return decode(data)
    except DecodeError as error:
        raise InvalidPayload("the request is no message of this method") from error


def _code_name(code: Code) -> str:
    """The name as Go's gRPC prints it: InvalidArgument for INVALID_ARGUMENT."""
    return "".join(word.capitalize() for word in code.name.split("_"))
