"""The graph's client over gRPC: `seldon.protos.Seldon`, on one channel."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np

from servegraph.errors import EnvironmentFault, InvalidPayload
from servegraph.payload import Message, Meta, wire_proto
from servegraph.payload.schema import message_class
from servegraph.traffic.client import TIMEOUT_S, Answer, RequestFailed, read_answer
from servegraph.traffic.stream import Rows

CONNECT_S = 3.0  # how long the server may take to accept the channel
_OPTIONS = [("grpc.enable_http_proxy", 0)]


@asynccontextmanager
async def grpc_client(address: str, names: Sequence[str]) -> AsyncIterator["GrpcClient"]:
    """A client of the graph at `address` (`host:port`).

    Raises:
        EnvironmentFault: nothing answers there.
    """
    async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), CONNECT_S)
        except TimeoutError as error:
            raise EnvironmentFault(
                f"no gRPC server answers at {address}",
                hint="run `servegraph up` first, or name its port with --grpc-port",
            ) from error
        yield GrpcClient(channel, list(names))


class GrpcClient:
    """Implements `traffic.client.Client`."""

    def __init__(self, channel: grpc.aio.Channel, names: list[str]) -> None:
        self._names = names
        self._predict = _method(channel, "Predict")
        self._feedback = _method(channel, "SendFeedback")

    async def predict(self, values: Rows) -> Answer:
        proto = await _call(self._predict, wire_proto.encode(Message("ndarray", values[None], self._names)))
        try:
            return read_answer(wire_proto.decode(proto))
        except InvalidPayload as error:
            raise RequestFailed("unreadable answer", str(error)) from error

    async def send_feedback(self, puid: str, reward: float, label: int) -> None:
        response = wire_proto.encode(Message(meta=Meta(puid=puid)))
        truth = wire_proto.encode(Message("ndarray", np.array([label])))
        await _call(self._feedback, wire_proto.SeldonFeedback(response=response, reward=reward, truth=truth))


def _method(channel: grpc.aio.Channel, name: str) -> Any:
    return channel.unary_unary(
        f"/seldon.protos.Seldon/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class("seldon.protos.SeldonMessage").FromString,
    )


async def _call(method: Any, message: Any) -> Any:
    try:
        return await method(message, timeout=TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        raise RequestFailed(f"gRPC {error.code().name}", error.details() or "") from error
