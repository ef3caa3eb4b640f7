"""What the engine tells the outside, and what it may ask of it.

The engine knows neither Prometheus nor a monitor process: it calls `Listener`s, and it lets a
`Tap` look at the rows that pass a detector's node. Calls are made on the request path, so an
implementation returns at once, never blocks and never raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

DriftVerdict = Literal["ok", "drift", "blind", "error"]
FeedbackResult = Literal["joined", "duplicate", "unknown", "invalid"]


class Listener(Protocol):
    """Is told what happened; all durations are seconds."""

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        """A front answered. `service` and `method` are Seldon's label values.

        REST: ("predictions" | "feedback" | ..., "post" | "get", HTTP status);
        gRPC: (full method name, "unary", gRPC code name).
        """

    def node_called(self, node: str, service: str, code: str, seconds: float) -> None:
        """A component answered, e.g. ("scale", "/transform-input", "200", 0.0004)."""

    def routed(self, router: str, branch: int) -> None:
        """A router chose a child (or -1 for all, -2 for none) for a request that succeeded."""

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        """Feedback came; `routing` has the recorded choice of each router (empty unless joined)."""


class Tap(Protocol):
    """Looks at the rows of one detector's node and may tag the answers."""

    def see(self, rows: NDArray[Any], names: Sequence[str]) -> None:
        """`rows` has shape (n, features) and must not be changed."""

    def tags(self) -> Mapping[str, Any]:
        """Tags for `meta.tags` of every answer while they hold; the same mapping until they change."""


@dataclass(frozen=True, slots=True)
class DetectorState:
    """The last word of one drift detector.

    `verdict` is `blind` whenever nothing can be said (no window yet, missing values, wrong
    width), with the `reason`; it never reads as `ok`. `p_values`, `distances` are per feature
    of the last window tested, `threshold` is the p-value under which a feature counts as
    drifted. `windows` counts the windows by verdict since the monitor first started.
    `last_run` is Unix time in seconds.
    """

    node: str
    verdict: DriftVerdict = "blind"
    reason: str = "no window has been tested yet"
    features: tuple[str, ...] = ()
    p_values: Mapping[str, float] = field(default_factory=dict)
    distances: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    missing: Mapping[str, float] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=dict)
    window: int = 0
    waiting: int = 0
    last_run: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "DetectorState":
        return cls(**{**document, "features": tuple(document["features"])})


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """The monitor as the serving process sees it: alive or not, its queue, its detectors."""

    connected: bool
    queued: int
    sent: int
    dropped: int
    detectors: Mapping[str, DetectorState]
