"""Histograms kept as plain numbers, so that counting one event costs well under a microsecond.

Label values and text are made at scrape time only. `observe` belongs to one thread (the event
loop); the families may be built in another.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, SummaryMetricFamily

Key = tuple[str, ...]

MOST_KEYS = 2_000  # callers choose some labels (the name of a model in a path): memory must have a bound
OTHER = "(other)"


class Distribution:
    """How many values fell in each bucket, and their sum."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last one is +Inf
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class DistributionFamily:
    """One distribution per key; `expand` turns a key into the values of `labels`.

    From the 2,000th key on, new ones are counted together as `(other)`.

    Args:
        bounds: upper bounds of the buckets, rising, without +Inf, in seconds.
    """

    def __init__(self, labels: Key, bounds: Sequence[float], expand: Callable[[Key], Key]) -> None:
        self._labels = labels
        self._bounds = tuple(bounds)
        self._expand = expand
        self._children: dict[Key, Distribution] = {}

    def observe(self, key: Key, seconds: float) -> None:
        child = self._children.get(key)
        if child is None:
            if len(self._children) >= MOST_KEYS:
                key = tuple(OTHER for _ in key)
            child = self._children.setdefault(key, Distribution(self._bounds))
        child.observe(seconds)

    def counts(self) -> dict[Key, int]:
        """Events by key."""
        return {key: sum(child.counts) for key, child in list(self._children.items())}

    def histogram(self, name: str, text: str) -> HistogramMetricFamily:
        family = HistogramMetricFamily(name, text, labels=self._labels)
        limits = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]  # as Go prints them
        for key, child in list(self._children.items()):
            buckets = list(zip(limits, accumulate(child.counts), strict=True))
            family.add_metric(self._expand(key), buckets, child.total)
        return family

    def summary(self, name: str, text: str) -> SummaryMetricFamily:
        """The same events as count and sum, without quantiles."""
        family = SummaryMetricFamily(name, text, labels=self._labels)
        for key, child in list(self._children.items()):
            family.add_metric(self._expand(key), sum(child.counts), child.total)
        return family
