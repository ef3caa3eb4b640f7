"""Counts of one run: requests, latencies, and how often each arm was right."""

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Arm:
    """How many rows an arm answered, and how many of them rightly."""

    n: int = 0
    correct: int = 0

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


class Failures(Counter[str]):
    """Failed requests by reason, with what the server said the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.examples: dict[str, str] = {}

    def add(self, reason: str, text: str) -> None:
        self[reason] += 1
        self.examples.setdefault(reason, text)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last seconds: answers per second, and milliseconds that half and 99 % of them took (None: no answer)."""

    rate: float
    p50_ms: float | None
    p99_ms: float | None


@dataclass(slots=True)
class Tally:
    """All counts. `arms` holds every row, `shifted_arms` only those that the script changed."""

    sent: int = 0
    failures: Failures = field(default_factory=Failures)
    arms: defaultdict[str, Arm] = field(default_factory=lambda: defaultdict(Arm))
    shifted_arms: defaultdict[str, Arm] = field(default_factory=lambda: defaultdict(Arm))
    feedback_ok: int = 0
    feedback_failures: Failures = field(default_factory=Failures)
    _latencies: array[float] = field(default_factory=lambda: array("d"))
    _times: array[float] = field(default_factory=lambda: array("d"))

    @property
    def ok(self) -> int:
        return len(self._latencies)

    @property
    def failed(self) -> int:
        return self.failures.total()

    def answered(self, arm: str, correct: bool, shifted: bool, asked: float, now: float) -> None:
        """Count an answer. `asked` and `now` are seconds of one clock that never goes back."""
        self._latencies.append(now - asked)
        self._times.append(now)
        for arms in (self.arms, self.shifted_arms) if shifted else (self.arms,):
            arms[arm].n += 1
            arms[arm].correct += correct

    def split(self) -> dict[str, float]:
        """Each arm's share of the answers, arms by name."""
        return {name: arm.n / self.ok for name, arm in sorted(self.arms.items())}

    def percentile_ms(self, percent: float) -> float | None:
        """Of all answers, in milliseconds."""
        return _percentile_ms(self._latencies, percent)

    def pulse(self, now: float, seconds: float) -> Pulse:
        """The answers of the last `seconds`."""
        recent = self._latencies[bisect_left(self._times, now - seconds) :]
        return Pulse(len(recent) / seconds, _percentile_ms(recent, 50), _percentile_ms(recent, 99))


def accuracies(arms: Mapping[str, Arm]) -> dict[str, float]:
    """Each arm's share of right answers, arms by name."""
    return {name: arm.accuracy for name, arm in sorted(arms.items())}


def arm_of(routing: Mapping[str, int], children: Mapping[str, Sequence[str]]) -> str:
    """The name of the arm that a routing means: the child that each router chose.

    `children` are the names of routers' children, where known; else a choice reads `router:branch`.
    A routing without a choice is the arm `all`.
    """
    choices = [_child(node, branch, children.get(node, ())) for node, branch in sorted(routing.items()) if branch >= 0]
    return "/".join(choices) or "all"


def _child(node: str, branch: int, children: Sequence[str]) -> str:
    return children[branch] if branch < len(children) else f"{node}:{branch}"


def _percentile_ms(seconds: array[float], percent: float) -> float | None:
    return float(np.percentile(np.frombuffer(seconds), percent)) * 1000 if seconds else None
