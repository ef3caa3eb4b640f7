"""A node whose component runs elsewhere, over whichever transport suits the component and the caller."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from servegraph.engine import Context, Method
from servegraph.errors import UnitUnreachable
from servegraph.http_client import HttpClient
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope, Text, Transport
from servegraph.payload.seldon import MESSAGE
from servegraph.remote.dialect import Dialect
from servegraph.remote.endpoint import Endpoint
from servegraph.remote.failure import executor_error
from servegraph.remote.readiness import accepts, is_healthy
from servegraph.remote.rest_hop import RestHop

if TYPE_CHECKING:
    from servegraph.remote.grpc_hop import GrpcHop


class RemoteUnit:
    """Implements `Unit`."""

    def __init__(
        self, node: str, endpoint: Endpoint, dialect: Dialect, rest: RestHop, grpc: "GrpcHop", client: HttpClient
    ) -> None:
        self._node = node
        self._endpoint = endpoint
        self._dialect = dialect
        self._rest = rest
        self._grpc = grpc
        self._client = client

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        return await self._hop(method, request.transport).transform(method, request, context)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        return await self._hop(Method.ROUTE, request.transport).route(request, context)

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        return await self._hop(Method.AGGREGATE, requests[0].transport).aggregate(requests, context)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Any]:
        if Method.SEND_FEEDBACK not in self._dialect.paths:
            return feedback  # only Seldon's protocol has feedback; the others' is echoed
        return await self._hop(Method.SEND_FEEDBACK, feedback.transport).send_feedback(feedback, context)

    async def health(self, context: Context) -> Envelope[Message]:
        rpc = self._dialect.status_rpc
        if rpc is not None and self._endpoint.chosen(context.transport) == "grpc":
            text = Text(orjson.dumps(await self._grpc.tell(rpc, context)))
            return Envelope(MESSAGE, "rest", text=text)
        if self._endpoint.http_port:
            return await self._rest.health(context)
        if not await accepts(self._endpoint):
            raise UnitUnreachable(self._node, "health", f"node {self._node} does not accept connections")
        return Envelope(MESSAGE, "rest", text=Text(b"{}"))

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        if self._endpoint.chosen(context.transport) == "rest":
            return await self._rest.metadata(context)
        return await self._grpc.tell(self._dialect.metadata_rpc, context)

    async def ready(self, thorough: bool) -> bool:
        path = self._dialect.health
        if thorough and path is not None and self._endpoint.http_port:
            return await is_healthy(self._endpoint, path, self._client)
        return await accepts(self._endpoint)

    def _hop(self, method: Method, caller: Transport) -> "RestHop | GrpcHop":
        if self._endpoint.chosen(caller) == "rest":
            return self._rest
        if method in self._dialect.rpcs:
            return self._grpc
        if self._endpoint.http_port:
            return self._rest
        message = f"this protocol has no gRPC method for {method.value}; give node {self._node} an httpPort"
        raise executor_error(self._node, method.value[1:], message, status=501, code="UNIMPLEMENTED")
