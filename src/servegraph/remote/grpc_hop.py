"""One component called over gRPC.

Source:
    Seldon's executor: all metadata of the caller goes on, errors keep their code and message, and
    feedback goes to the service `Model`, whatever the node is.
"""

import re
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from servegraph.engine import Context, Method
from servegraph.engine.branch import branch_of_proto
from servegraph.engine.events import Listener
from servegraph.errors import InvalidPayload, ServeGraphError, UnitUnreachable
from servegraph.http_client import bracketed
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class, pool
from servegraph.payload.seldon import MESSAGE
from servegraph.remote.channels import Channels
from servegraph.remote.dialect import Dialect, Rpc
from servegraph.remote.endpoint import Endpoint
from servegraph.remote.failure import executor_error
from servegraph.remote.grpc_codes import go_name, http_status
from servegraph.remote.headers import metadata
from servegraph.remote.timing import Allowance

_Code = grpc.StatusCode
# What tells a lost connection from a component that itself answers UNAVAILABLE is the text alone.
_OF_THE_LIBRARY = re.compile(
    "failed to connect|connections to all backends|errors? resolving|resolution|closed|closing|reset|refused"
    "|removed|recvmsg|GOAWAY|Cancelling all calls|Broken pipe|keepalive|ping timeout",
    re.IGNORECASE,
)


class GrpcHop:
    """Calls the component of one node."""

    def __init__(
        self,
        node: str,
        endpoint: Endpoint,
        dialect: Dialect,
        channels: Channels,
        timeout_s: float | None,
        listener: Listener,
    ) -> None:
        self._node = node
        self._endpoint = endpoint
        self._dialect = dialect
        self._channels = channels
        self._timeout_s = timeout_s
        self._listener = listener

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The component's answer.

        Raises:
            UnitAnswered: it answered with an error.
            UnitUnreachable: it cannot be connected to, or hung up.
            UnitTimedOut, GraphTimedOut: it did not answer in time.
        """
        proto = self._chained(method, request.proto(), context)
        rpc = self._dialect.rpc_of_request.get(proto.DESCRIPTOR.full_name) or self._dialect.rpcs[method]
        answer = await self._ask(rpc, proto, context)
        return Envelope(request.codec, request.transport, proto=answer)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        """The component's answer; raises like `transform`."""
        answer = await self._ask(self._dialect.rpcs[Method.SEND_FEEDBACK], feedback.proto(), context)
        return Envelope(MESSAGE, feedback.transport, proto=answer)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        """The branch that the component chose; raises like `transform`, and InvalidRoute."""
        answer = await self._ask(self._dialect.rpcs[Method.ROUTE], request.proto(), context)
        return branch_of_proto(self._node, answer)

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        """The component's one answer; raises like `transform`."""
        rpc = self._dialect.rpcs[Method.AGGREGATE]
        messages = message_class(rpc.request)()
        messages.seldonMessages.extend(request.proto() for request in requests)
        answer = await self._ask(rpc, messages, context)
        return Envelope(requests[0].codec, requests[0].transport, proto=answer)

    async def tell(self, rpc: Rpc, context: Context) -> Mapping[str, Any]:
        """What the component tells about its model, as a document; raises like `transform`."""
        request = message_class(rpc.request)()
        fields = request.DESCRIPTOR.fields_by_name
        model = context.model or self._node
        if "name" in fields:
            request.name = model
        if "model_spec" in fields:
            request.model_spec.name = model
        if "metadata_field" in fields:
            request.metadata_field.append("signature_def")
        answer = await self._ask(rpc, request, context)
        document: dict[str, Any] = json_format.MessageToDict(
            answer, preserving_proto_field_name=True, descriptor_pool=pool()
        )
        return document

    def _chained(self, method: Method, proto: Any, context: Context) -> Any:
        chained = self._dialect.chained_proto
        if chained is None:
            return proto
        try:
            return chained(proto, context.model or self._node)
        except InvalidPayload as error:
            raise executor_error(self._node, method.value[1:], str(error)) from error

    async def _ask(self, rpc: Rpc, request: Any, context: Context) -> Any:
        allowance = Allowance.of(self._timeout_s, context)
        call = self._channels.method(self._endpoint.host, self._endpoint.grpc_port, rpc.path)
        started = perf_counter()
        try:
            data = await call(request.SerializeToString(), timeout=allowance.seconds, metadata=metadata(context))
        except grpc.aio.AioRpcError as error:
            failure = self._failure(error, rpc, allowance)
            if not isinstance(failure, UnitUnreachable):
                self._told(rpc, error.code(), started)
            raise failure from error
        self._told(rpc, _Code.OK, started)
        try:
            return rpc.parse(data)
        except DecodeError as error:
            name = _Code.INTERNAL.name
            raise executor_error(self._node, rpc.path, f"the answer is no {rpc.answer}", code=name) from error

    def _told(self, rpc: Rpc, code: grpc.StatusCode, started: float) -> None:
        self._listener.node_called(self._node, rpc.path, "unary", go_name(code), perf_counter() - started)

    def _failure(self, error: grpc.aio.AioRpcError, rpc: Rpc, allowance: Allowance) -> ServeGraphError:
        code, details = error.code(), error.details() or ""
        if code is _Code.DEADLINE_EXCEEDED and allowance.seconds is not None:
            return allowance.exceeded(self._node, rpc.path, "context deadline exceeded")
        if code is _Code.UNAVAILABLE and _OF_THE_LIBRARY.search(details):
            return UnitUnreachable(self._node, rpc.path, self._transport_words(details))
        return executor_error(self._node, rpc.path, details, status=http_status(code), code=code.name)

    def _transport_words(self, details: str) -> str:
        address = f"{bracketed(self._endpoint.host)}:{self._endpoint.grpc_port}"
        if "refused" in details.lower():
            details = f"Error while dialing dial tcp {address}: connect: connection refused"
        return f'connection error: desc = "transport: {details}"'
