"""Where the request log goes while it is measured: takes every event and forgets it. python log_sink.py <port>

A real one is another machine's, so that this one takes as little as it can: a tenth of what sending an event costs.
"""

import asyncio
import sys
from typing import cast

import uvloop
from httptools import HttpRequestParser

_TAKEN = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    """Implements httptools' protocol, too."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(_TAKEN)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
