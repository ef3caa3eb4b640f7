"""What the engine tells the outside, and what it may ask of it.

The engine knows neither Prometheus nor a monitor process: it calls `Listener`s, it lets a `Tap`
look at the rows that pass a detector's node, and a `RequestLog` at the messages of nodes that have
a logger. Calls are made on the request path, so an implementation returns at once, never blocks
and never raises.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from servegraph.engine.context import Context, RequestListener
from servegraph.payload.envelope import Envelope

FeedbackResult = Literal["joined", "duplicate", "unknown", "invalid", "unnamed"]


class Listener(RequestListener, Protocol):
    """Is told what happened; all durations are seconds."""

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None:
        """A component answered, e.g. ("scale", "/transform-input", "post", "200", 0.0004).

        Over gRPC: the full method name, "unary", the gRPC code's name.
        """

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        """What is told of the calls of one such kind from now on, each with its seconds: the same, bound once."""

    def routed(self, router: str, branch: int) -> None:
        """A router chose a child (or -1 for all, -2 for none) for a request that succeeded."""

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        """Feedback came; `routing` has the recorded choice of each router (empty unless joined)."""


class RequestLog(Protocol):
    """Sees the messages of every node that has a logger."""

    def admits(self) -> bool:
        """Whether there is time to log another prediction; one that is not admitted is counted, and not told."""

    def request(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A message is about to be given to a node, or to its children."""

    def response(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A node, or its children, answered."""

    def feedback(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        """A reward came to a node."""


class Tap(Protocol):
    """Looks at the rows of one detector's node and may tag the answers."""

    def see(self, rows: NDArray[Any], names: Sequence[str]) -> None:
        """`rows` has shape (n, features) and must not be changed."""

    def tags(self) -> Mapping[str, Any]:
        """Tags for `meta.tags` of every answer while they hold; the same mapping until they change."""
