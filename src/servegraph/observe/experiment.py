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
from servegraph.observe.rows import Row, Rows

DELAYS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0, 604800.0)
NOT_ONE_CHILD = {-1: "(all)", -2: "(none)"}  # brackets: no unit can have such a name
_REQUESTS, _FEEDBACK, _REWARD = 0, 1, 2  # of an arm's row


class Experiment:
    """Counts per (router, arm); `branches` gives each router's children in order."""

    def __init__(self, rows: Rows, families: Families, branches: Mapping[str, tuple[str, ...]]) -> None:
        self._rows = rows
        self._families = families
        name = families.graph[1]
        self._arms_family, self._results_family = f"{name}/arms", f"{name}/feedback"
        self._arms: dict[tuple[str, int], Row] = {
            (router, number): self._begin(router, child)
            for router, children in branches.items()
            for number, child in enumerate(children)
        }
        self._results = {result: rows.row(self._results_family, (result,), 1) for result in get_args(FeedbackResult)}
        self._delay = DistributionFamily(rows, f"{name}/delay", GRAPH_LABELS, DELAYS, lambda _: families.graph)

    def routed(self, router: str, branch: int) -> None:
        self._arm(router, branch)[_REQUESTS] += 1

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        if not math.isfinite(reward):  # one NaN would spoil the sum until the restart
            result = "invalid"
        self._results[result][0] += 1
        if result != "joined":
            return
        self._delay.observe((), delay)
        for router, branch in routing.items():
            arm = self._arm(router, branch)
            arm[_FEEDBACK] += 1
            arm[_REWARD] += reward

    def arms(self) -> list[dict[str, Any]]:
        """What every arm was sent and what came back: `router`, `arm`, `requests`, `feedback`, `reward`."""
        return [
            {
                "router": router,
                "arm": arm,
                "requests": int(row[_REQUESTS]),
                "feedback": int(row[_FEEDBACK]),
                "reward": float(row[_REWARD]),
            }
            for (router, arm), row in self._rows.totals(self._arms_family).items()
        ]

    def results(self) -> dict[str, int]:
        """Feedback received, by what became of it."""
        return {key[0]: int(row[0]) for key, row in self._rows.totals(self._results_family).items()}

    def collect(self) -> Iterator[Metric]:
        families, arm = self._families, ("router", "arm")
        totals = self._rows.totals(self._arms_family).items()
        yield families.counter(
            "servegraph_ab_assignments_total",
            "Requests a router sent to an arm.",
            arm,
            [(key, row[_REQUESTS]) for key, row in totals],
        )
        yield families.counter(
            "servegraph_ab_feedback_total",
            "Feedback joined to a request of this arm.",
            arm,
            [(key, row[_FEEDBACK]) for key, row in totals],
        )
        # A summary, since rewards may be negative: its sum may fall, and a counter's may not.
        yield families.summary(
            "servegraph_ab_reward",
            "Rewards of the feedback joined to this arm.",
            arm,
            [(key, int(row[_FEEDBACK]), row[_REWARD]) for key, row in totals],
        )
        yield families.counter(
            "servegraph_feedback_total",
            "Feedback received, by what became of it.",
            ("result",),
            [((result,), count) for result, count in self.results().items()],
        )
        yield self._delay.histogram(
            "servegraph_feedback_delay_seconds", "Time from a prediction to its feedback, in seconds."
        )

    def _arm(self, router: str, branch: int) -> Row:
        arm = self._arms.get((router, branch))
        if arm is None:
            arm = self._arms[router, branch] = self._begin(router, NOT_ONE_CHILD.get(branch, str(branch)))
        return arm

    def _begin(self, router: str, arm: str) -> Row:
        return self._rows.row(self._arms_family, (router, arm), 3)
