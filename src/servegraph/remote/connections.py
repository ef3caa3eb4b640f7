"""The open connections of a graph, shared by all of its nodes."""

from servegraph.http_client import HttpClient
from servegraph.remote.channels import Channels

UNLIMITED = 2**31 - 1


class Connections:
    """Opened as they are needed, on the event loop that calls the units.

    Args:
        max_message_size: bytes of one message, over either transport.
    """

    def __init__(self, max_message_size: int = UNLIMITED) -> None:
        self.http = HttpClient(max_message_size)
        self.channels = Channels(max_message_size)

    async def close(self) -> None:
        """Close them all; call it when no request is being answered any more."""
        self.http.close()
        await self.channels.close()
