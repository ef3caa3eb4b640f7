"""Where the request log goes while it is measured: takes every event and forgets it. python log_sink.py <port>"""

import sys

from granian import Granian
from granian.constants import Interfaces, Loops


async def take(_scope, protocol) -> None:
    await protocol()
    protocol.response_empty(200, [])


if __name__ == "__main__":
    server = Granian("log_sink", port=int(sys.argv[1]), interface=Interfaces.RSGI, loop=Loops.uvloop, log_enabled=False)
    server.serve(target_loader=lambda _target: take)
