"""gRPC channels to components: several for each address, used in turn.

One HTTP/2 connection is served by one thread or process of most servers, so calls on a single one
wait for each other. Behind a DNS name each channel spreads its calls over all addresses.
"""

import ipaddress
from itertools import cycle
from typing import TYPE_CHECKING

from servegraph.http_client import bracketed

if TYPE_CHECKING:  # half a second, for graphs of which no node speaks gRPC
    import grpc

_CHANNELS = 10  # per address, as in the executor; a server of several processes gets work for each
_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),  # or the channels would share one connection
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),  # a restarted component is back within a second or so
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
)


class Channels:
    """The open channels of a graph; `max_message` is in bytes, in and out."""

    def __init__(self, max_message: int) -> None:
        size = min(max_message, 2**31 - 1)
        limits = (("grpc.max_receive_message_length", size), ("grpc.max_send_message_length", size))
        self._options = (*_OPTIONS, *limits)
        self._open: dict[tuple[str, int], list[grpc.aio.Channel]] = {}
        self._turns: dict[tuple[str, int, str], cycle[grpc.aio.UnaryUnaryMultiCallable]] = {}

    def method(self, host: str, port: int, path: str) -> "grpc.aio.UnaryUnaryMultiCallable":
        """What calls a method with bytes, on the channel whose turn it is. Needs the running event loop."""
        turns = self._turns.get((host, port, path))
        if turns is None:
            calls = [channel.unary_unary(path) for channel in self._channels(host, port)]
            turns = self._turns[host, port, path] = cycle(calls)
        return next(turns)

    async def close(self) -> None:
        """Close all of them; calls that wait are cancelled."""
        for channels in self._open.values():
            for channel in channels:
                await channel.close()
        self._open.clear()
        self._turns.clear()

    def _channels(self, host: str, port: int) -> "list[grpc.aio.Channel]":
        import grpc

        channels = self._open.get((host, port))
        if channels is None:
            target = _target(host, port)
            channels = [grpc.aio.insecure_channel(target, options=self._options) for _ in range(_CHANNELS)]
            self._open[host, port] = channels
        return channels


def _target(host: str, port: int) -> str:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return f"dns:///{host}:{port}"
    return f"ipv{version}:{bracketed(host)}:{port}"
