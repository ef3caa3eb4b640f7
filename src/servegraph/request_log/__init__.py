"""The request logger: sends what passes through nodes to HTTP sinks, as CloudEvents, off the request path.

The engine decides when a message is logged; here is decided which nodes have a logger, what an
event looks like and what becomes of it. Nothing here may make a request wait or fail.

The server has a `RequestLogger`, which takes note of messages and hands them over in batches; a process
of its own, the shipper (`shipper.py`, `sink.py`), prints and posts them.
"""

from servegraph.request_log.account import Counts
from servegraph.request_log.logger import RequestLogger
from servegraph.request_log.wire import Limits, Origin

__all__ = ["Counts", "Limits", "Origin", "RequestLogger"]
