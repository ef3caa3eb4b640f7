"""Whether a request that failed had reached its component."""

import re

from servegraph.errors import UnitUnreachable
from servegraph.http_client import CannotConnect

# What the library says where it had no connection to send a call on.
_NO_CONNECTION = re.compile("failed to connect|connections to all backends", re.IGNORECASE)


def was_sent(error: UnitUnreachable) -> bool:
    """Whether the component may have seen the request; false only where nothing of it was sent."""
    import grpc

    match error.__cause__:
        case CannotConnect():
            return False
        case grpc.aio.AioRpcError() as cause:
            return not _NO_CONNECTION.search(cause.details() or "")
    return True
