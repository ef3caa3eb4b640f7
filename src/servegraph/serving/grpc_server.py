"""A gRPC server on this process's event loop: finds the method of a call.

It stands in for grpcio's, whose calls cost a quarter of a millisecond each before anything is answered.
"""

import ssl
from collections.abc import Mapping

from servegraph.engine.aside import Aside
from servegraph.serving.grpc_call import Prompt, PromptCall, RefusedCall, Sizes, Unary, UnaryCall
from servegraph.serving.grpc_request import CallHead, read_head
from servegraph.serving.grpc_status import Code
from servegraph.serving.http2.connection import Connection, Receiver
from servegraph.serving.http2.listener import Listener
from servegraph.serving.port import Port


class GrpcServer:
    """Answers calls of methods, which are found by their paths, `/package.Service/Method`."""

    def __init__(self, methods: Mapping[str, Unary], streams: Mapping[str, Prompt], sizes: Sizes) -> None:
        self._methods = methods
        self._streams = streams
        self._sizes = sizes
        self._aside = Aside()
        self._listener = Listener(read_head, self._accept)

    async def start(self, port: Port, tls: ssl.SSLContext | None = None) -> None:
        """Take clients; raises like `Port.listen`."""
        await self._listener.start(port, tls)

    async def stop(self, grace: float | None) -> None:
        """Take no new calls, and close when all are answered, or after `grace` seconds."""
        await self._listener.stop(grace)

    def _accept(self, connection: Connection[CallHead], stream: int, head: CallHead | None) -> Receiver:
        if head is None:
            return RefusedCall(connection, stream, Code.RESOURCE_EXHAUSTED, "the metadata is too large")
        if not head.is_grpc:
            return RefusedCall(connection, stream, None, "")
        if (method := self._methods.get(head.path)) is not None:
            return UnaryCall(connection, stream, head, method, self._sizes, self._aside)
        if (answers := self._streams.get(head.path)) is not None:
            return PromptCall(connection, stream, head, answers, self._sizes)
        return RefusedCall(connection, stream, Code.UNIMPLEMENTED, "Method not found!")
