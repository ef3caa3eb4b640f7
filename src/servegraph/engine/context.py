"""What is known of one request beside its message: whose it is, and how long it may take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from servegraph.errors import GraphTimedOut
from servegraph.payload.envelope import Transport


class RequestListener(Protocol):
    """Is told that a front answered; returns at once and never raises."""

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        """A front answered. `service` and `method` are Seldon's label values.

        REST: ("predictions" | "feedback" | ..., "post" | "get", HTTP status);
        gRPC: (full method name, "unary", gRPC code name).
        """


@dataclass(slots=True)
class Context:
    """Goes with a request through the whole walk.

    Attributes:
        puid: identity of the request, sent to every node that runs elsewhere.
        brought_puid: whether the client chose it, in a header or in its metadata.
        transport: what the client used.
        headers: the client's headers (HTTP) or metadata (gRPC), lower-case names, as they go on to nodes.
        model: name that replaces every node's name toward components (Open Inference and TensorFlow), if any.
        deadline: when the whole graph must have answered, on the monotonic clock in seconds; None for never.
        logged: whether the request logger may see this request.
        routing: what was asked so far: node name to branch, -1 for all, -2 for none.
        is_large: whether the message is a protobuf that may take long to decode.
        listener: whom the front tells of the answer, if not its own: that of the predictor that was drawn.
    """

    puid: str
    brought_puid: bool = False
    transport: Transport = "rest"
    headers: Sequence[tuple[str, str]] = ()
    model: str | None = None
    deadline: float | None = None
    logged: bool = True
    routing: dict[str, int] = field(default_factory=dict)
    listener: RequestListener | None = None
    is_large: bool = False

    def remaining(self) -> float | None:
        """Seconds until the deadline; None if there is none.

        Raises:
            GraphTimedOut: it has passed.
        """
        if self.deadline is None:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            raise GraphTimedOut("the graph did not answer in time")
        return left
