"""What a drift detector says, and what is known of the monitor: plain data that several parts pass on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

DriftVerdict = Literal["ok", "drift", "blind", "error"]


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
