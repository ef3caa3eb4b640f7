"""Histograms kept as plain numbers, so that counting one event costs well under a microsecond.

Label values and text are made at scrape time only. `observe` belongs to one thread (the event
loop); the families may be built in another.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, SummaryMetricFamily

from servegraph.observe.rows import Key, Row, Rows

MOST_KEYS = 2_000  # callers choose some labels (the name of a model in a path): memory must have a bound
OTHER = "(other)"


class Distribution:
    """How many values fell in each bucket (the last one is +Inf), and behind them their sum: one row."""

    __slots__ = ("_bounds", "_row")

    def __init__(self, bounds: Sequence[float], row: Row) -> None:
        self._bounds = bounds
        self._row = row

    @staticmethod
    def width(bounds: Sequence[float]) -> int:
        """Numbers in a row for these bounds."""
        return len(bounds) + 2

    def observe(self, value: float) -> None:
        row = self._row
        row[bisect_left(self._bounds, value)] += 1
        row[-1] += value


class DistributionFamily:
    """One distribution per key; `expand` turns a key into the values of `labels`.

    From the 2,000th key on, new ones are counted together as `(other)`.

    Args:
        family: the family of its rows.
        bounds: upper bounds of the buckets, rising, without +Inf, in seconds.
    """

    def __init__(
        self, rows: Rows, family: str, labels: Key, bounds: Sequence[float], expand: Callable[[Key], Key]
    ) -> None:
        self._rows = rows
        self._family = family
        self._labels = labels
        self._bounds = tuple(bounds)
        self._expand = expand
        self._children: dict[Key, Distribution] = {}

    def observe(self, key: Key, seconds: float) -> None:
        (self._children.get(key) or self._begin(key)).observe(seconds)

    def child(self, key: Key) -> Distribution:
        """Where the values of a key are counted."""
        return self._children.get(key) or self._begin(key)

    def _begin(self, key: Key) -> Distribution:
        if len(self._children) >= MOST_KEYS:
            key = tuple(OTHER for _ in key)
        row = self._rows.row(self._family, key, Distribution.width(self._bounds))
        return self._children.setdefault(key, Distribution(self._bounds, row))

    def counts(self) -> dict[Key, int]:
        """Events by key."""
        return {key: int(sum(row[:-1])) for key, row in self._rows.totals(self._family).items()}

    def histogram(self, name: str, text: str) -> HistogramMetricFamily:
        family = HistogramMetricFamily(name, text, labels=self._labels)
        limits = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]  # as Go prints them
        for key, row in self._rows.totals(self._family).items():
            buckets = list(zip(limits, accumulate(row[:-1]), strict=True))
            family.add_metric(self._expand(key), buckets, row[-1])
        return family

    def summary(self, name: str, text: str) -> SummaryMetricFamily:
        """The same events as count and sum, without quantiles."""
        family = SummaryMetricFamily(name, text, labels=self._labels)
        for key, row in self._rows.totals(self._family).items():
            family.add_metric(self._expand(key), int(sum(row[:-1])), row[-1])
        return family
