"""Where the component of a node listens, as its manifest says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.http_client import Url, bracketed
from servegraph.payload.envelope import Transport


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Addresses of one component; a port that is not known is 0.

    Attributes:
        transport: the one that the component speaks; None where it may speak both.
        ready_port: the port that is open when the component is up.
    """

    host: str
    http_port: int
    grpc_port: int
    ready_port: int
    transport: Transport | None = None

    @classmethod
    def of(cls, endpoint: Mapping[str, Any] | None, default: Transport | None) -> "Endpoint | None":
        """What a node's `endpoint` says; None if it names no host and port.

        Args:
            default: what a component speaks whose `type` is not given; None for both.
        """
        document = endpoint or {}
        host = document.get("service_host") or ""
        service, http, grpc = (_port(document.get(key)) for key in ("service_port", "httpPort", "grpcPort"))
        kind = str(document.get("type") or "").upper()
        transport: Transport | None = {"REST": "rest", "GRPC": "grpc"}.get(kind, default)  # type: ignore[assignment]
        if transport == "grpc":
            grpc = grpc or service
        elif not grpc or transport == "rest":
            http = http or service
        if not host or not (http or grpc):
            return None
        return cls(host, http, grpc, service or http or grpc, transport)

    @property
    def authority(self) -> str:
        """Host and HTTP port as they stand in a URL."""
        return f"{bracketed(self.host)}:{self.http_port}"

    def url(self, path: str) -> Url:
        """A path of the component's over REST."""
        return Url("http", self.host, self.http_port, path)

    def chosen(self, caller: Transport) -> Transport:
        """How to call: as the component speaks, else as the graph's caller did, else as a port is known."""
        wanted = self.transport or caller
        if wanted == "rest":
            return "rest" if self.http_port else "grpc"
        return "grpc" if self.grpc_port else "rest"


def _port(value: Any) -> int:
    return value if type(value) is int and 0 < value < 65_536 else 0
