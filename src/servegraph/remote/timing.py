"""How long one call may take: its own limit, and what is left for the whole graph."""

from dataclasses import dataclass

from servegraph.engine import Context
from servegraph.errors import GraphTimedOut, ServeGraphError, UnitTimedOut

_MARGIN_S = 0.005  # a call ends before the graph does, so that the answer can name the call


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What a single call may take, in seconds; None for ever."""

    rest_s: float | None = None
    grpc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one call may take.

    Attributes:
        seconds: None for ever.
        is_graphs: whether it is the graph's deadline that limits it.
    """

    seconds: float | None
    is_graphs: bool

    @classmethod
    def of(cls, limit: float | None, context: Context) -> "Allowance":
        """The smaller of a call's own limit and of the time left.

        Raises:
            GraphTimedOut: none is left.
        """
        left = context.remaining()
        if left is None or (limit is not None and limit < left - _MARGIN_S):
            return cls(limit, False)
        return cls(max(left - _MARGIN_S, 0.0), True)

    def exceeded(self, node: str, method: str, message: str) -> ServeGraphError:
        """The error to raise when the time is up."""
        return GraphTimedOut(message) if self.is_graphs else UnitTimedOut(node, method, message)
