"""Who was routed where, and what came back: assignments, feedback and rewards per arm.

A feedback with reward 0 counts, since a mean over the others alone is always too good.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from prometheus_client.core import Metric

from servegraph.engine.events import FeedbackResult
from servegraph.observe.distribution import DistributionFamily
from servegraph.observe.families import GRAPH_LABELS, Families

DELAYS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0, 604800.0)
NOT_ONE_CHILD = {-1: "(all)", -2: "(none)"}  # brackets: no unit can have such a name

Arm = tuple[str, str]


class Experiment:
    """Counts per (router, arm); `branches` gives each router's children in order."""

    def __init__(self, families: Families, branches: Mapping[str, tuple[str, ...]]) -> None:
        self._families = families
        self._arms: dict[tuple[str, int], Arm] = {
            (router, number): (router, child)
            for router, children in branches.items()
            for number, child in enumerate(children)
        }
        self._assigned: dict[Arm, int] = dict.fromkeys(self._arms.values(), 0)
        self._answered: dict[Arm, int] = dict.fromkeys(self._arms.values(), 0)
        self._rewards: dict[Arm, float] = dict.fromkeys(self._arms.values(), 0.0)
        self._results: dict[str, int] = dict.fromkeys(get_args(FeedbackResult), 0)
        self._delay = DistributionFamily(GRAPH_LABELS, DELAYS, lambda _: families.graph)

    def routed(self, router: str, branch: int) -> None:
        arm = self._arm(router, branch)
        self._assigned[arm] = self._assigned.get(arm, 0) + 1

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        if not math.isfinite(reward):  # one NaN would spoil the sum until the restart
            result = "invalid"
        self._results[result] += 1
        if result != "joined":
            return
        self._delay.observe((), delay)
        for router, branch in routing.items():
            arm = self._arm(router, branch)
            self._answered[arm] = self._answered.get(arm, 0) + 1
            self._rewards[arm] = self._rewards.get(arm, 0.0) + reward

    def arms(self) -> list[dict[str, Any]]:
        """What every arm was sent and what came back: `router`, `arm`, `requests`, `feedback`, `reward`."""
        return [
            {
                "router": arm[0],
                "arm": arm[1],
                "requests": requests,
                "feedback": self._answered.get(arm, 0),
                "reward": self._rewards.get(arm, 0.0),
            }
            for arm, requests in self._assigned.items()
        ]

    def results(self) -> dict[str, int]:
        """Feedback received, by what became of it."""
        return dict(self._results)

    def collect(self) -> Iterator[Metric]:
        families, arm = self._families, ("router", "arm")
        assigned, answered = list(self._assigned.items()), list(self._answered.items())
        yield families.counter("servegraph_ab_assignments_total", "Requests a router sent to an arm.", arm, assigned)
        yield families.counter(
            "servegraph_ab_feedback_total", "Feedback joined to a request of this arm.", arm, answered
        )
        # A summary, since rewards may be negative: its sum may fall, and a counter's may not.
        yield families.summary(
            "servegraph_ab_reward",
            "Rewards of the feedback joined to this arm.",
            arm,
            [(key, count, self._rewards[key]) for key, count in answered],
        )
        yield families.counter(
            "servegraph_feedback_total",
            "Feedback received, by what became of it.",
            ("result",),
            [((result,), count) for result, count in self._results.items()],
        )
        yield self._delay.histogram(
            "servegraph_feedback_delay_seconds", "Time from a prediction to its feedback, in seconds."
        )

    def _arm(self, router: str, branch: int) -> Arm:
        return self._arms.get((router, branch)) or (router, NOT_ONE_CHILD.get(branch, str(branch)))
