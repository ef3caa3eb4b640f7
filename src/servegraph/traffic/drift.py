"""What the answers and the server's status say of drift, and at which row the word changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.verdict import DetectorState

_WORST_FIRST = ("drift", "error", "blind", "ok")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A detector's verdict became another than `ok`; `row` is the first that was answered with it."""

    row: int
    node: str
    verdict: str


class DriftLog:
    """Follows the detectors of the first report; their verdicts then are not alarms.

    Answers overtake each other: one that was asked for before a verdict changed may come after it, and
    says nothing new. `asked` and `now` are seconds of one clock.
    """

    def __init__(self, detectors: Mapping[str, DetectorState]) -> None:
        self._verdicts: dict[str, str] = {node: state.verdict for node, state in detectors.items()}
        self._since = dict.fromkeys(detectors, float("-inf"))
        self._before = _windows(detectors.values())
        self._after = self._before
        self.alarms: list[Alarm] = []

    @property
    def verdict(self) -> str | None:
        """The worst of the detectors' verdicts; None without a detector."""
        return min(self._verdicts.values(), key=_WORST_FIRST.index, default=None)

    @property
    def windows(self) -> dict[str, int]:
        """Windows tested since the first report, by verdict."""
        return dict(sorted((self._after - self._before).items()))

    def tagged(self, tags: Mapping[str, Any], row: int, asked: float, now: float) -> None:
        """Learn from the tags of a row's answer: a detector without a tag says `ok`."""
        for node in self._verdicts:
            verdict = tags.get(node)
            self._learn(node, verdict if verdict in _WORST_FIRST else "ok", row, asked, now)

    def reported(self, detectors: Mapping[str, DetectorState], row: int, asked: float, now: float) -> None:
        """Learn from the server's status, read when `row` was the next to be sent."""
        for node in self._verdicts.keys() & detectors.keys():
            self._learn(node, detectors[node].verdict, row, asked, now)
        self._after = _windows(detectors.values())

    def _learn(self, node: str, verdict: str, row: int, asked: float, now: float) -> None:
        if verdict == self._verdicts[node] or asked < self._since[node]:
            return
        self._verdicts[node] = verdict
        self._since[node] = now
        if verdict != "ok":
            self.alarms.append(Alarm(row, node, verdict))


def _windows(states: Iterable[DetectorState]) -> Counter[str]:
    total: Counter[str] = Counter()
    for state in states:
        total.update(state.windows)
    return total
