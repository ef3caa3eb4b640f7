"""The request logger: sends what passes through nodes to HTTP sinks, as CloudEvents, off the request path.

The engine decides when a message is logged; here is decided which nodes have a logger, what an
event looks like and what becomes of it. Nothing here may make a request wait or fail.
"""

from servegraph.request_log.event import Origin
from servegraph.request_log.logger import RequestLogger
from servegraph.request_log.sink import Counts, Limits

__all__ = ["Counts", "Limits", "Origin", "RequestLogger"]
