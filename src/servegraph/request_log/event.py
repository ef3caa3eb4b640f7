"""One logged message, and the HTTP request that carries it: a binary CloudEvent 1.0.

Source:
    CloudEvents HTTP protocol binding 1.0: attributes are `Ce-` headers, and characters that a
    header cannot carry are percent-encoded. The attributes are those of Seldon's executor.
"""

import random
import string
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from servegraph.http_client import Fields
from servegraph.request_log.wire import Event, Kind, Origin

_TYPES: dict[Kind, str] = {
    "request": "io.seldon.serving.inference.request",
    "response": "io.seldon.serving.inference.response",
    "feedback": "io.seldon.serving.feedback",
}
_PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


class Headers:
    """Makes the headers of the HTTP requests for events from one predictor."""

    def __init__(self, origin: Origin) -> None:
        self._same = _fields(
            ("Ce-Specversion", "1.0"),
            ("Ce-Source", f"http://{origin.host}:{origin.http_port}/"),
            ("Ce-Inferenceservicename", origin.deployment),
            ("Ce-Namespace", origin.namespace),
            ("Ce-Endpoint", origin.predictor),
            ("Ce-Protocol", origin.protocol),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "Go-http-client/1.1"),  # what sinks have been told so far
        )

    def of(self, event: Event) -> Fields:
        """The headers of an event's request. Each call makes another event id."""
        trace = f"{random.getrandbits(128):032x}"
        return self._same + _fields(
            ("Ce-Id", str(uuid.uuid4())),
            ("Ce-Type", _TYPES[event.kind]),
            ("Ce-Time", _rfc3339(event.time_ns)),
            ("Ce-Requestid", event.puid),
            ("Ce-Modelid", event.node),
            ("Ce-Traceparent", _traceparent(trace)),
            ("Traceparent", _traceparent(trace)),
            ("Content-Type", event.content_type),
            ("Content-Encoding", "" if event.is_packed else event.encoding),
        )


def _fields(*said: tuple[str, str]) -> Fields:
    return [(name, _header_value(value)) for name, value in said if value]


def _header_value(text: str) -> str:
    """Text that clients may have written, without a character that ends a header or is no ASCII."""
    text = text.strip()
    return text if text.isascii() and text.isprintable() else quote(text, safe=_PRINTABLE, errors="replace")


def _traceparent(trace: str) -> str:
    # Not sampled: the executor starts a trace of its own for every event, and so do we.
    return f"00-{trace}-{random.getrandbits(64):016x}-00"


def _rfc3339(time_ns: int) -> str:
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".")
    return f"{_to_the_second(seconds)}{fraction}Z"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
