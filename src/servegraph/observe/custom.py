"""The metrics that components make themselves, and the rewards they got: kept, and exposed.

One store for all workers of a component, or for all nodes of a graph: who made a metric is said
with each call. Nothing here knows how metrics travel between processes (`custom_relay` does).

Source: the metrics of Seldon's component server, except that a family has one HELP and one TYPE.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from math import log10
from threading import Lock
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from servegraph.observe.custom_series import LabelPairs, Origin, RefusedMetric, Series, Type, sample_names, series_of
from servegraph.observe.distribution import Distribution
from servegraph.observe.rows import Key, OwnRows, Row, Rows

__all__ = ["CustomMetrics", "Origin"]

BOUNDS = tuple(float(bound) for bound in np.logspace(-3, log10(30), 50))  # seconds
LIMITS = (*(repr(bound) for bound in BOUNDS), "+Inf")
MOST_SERIES = 20_000  # a tag with a new value in every request must not fill the memory
MOST_WARNINGS = 100
FEEDBACK, REWARD = "seldon_api_model_feedback", "seldon_api_model_feedback_reward"
REFUSED = "servegraph_custom_metrics_refused"
CUSTOM = "custom"
_TYPES = {"COUNTER": "counter", "GAUGE": "gauge", "TIMER": "histogram"}  # as Prometheus calls them

log = logging.getLogger(__name__)


class _Family:
    """All series of one name that this process adds to: a number each, or a distribution for a TIMER."""

    def __init__(self, name: str, kind: Type, rows: Rows) -> None:
        self.type = kind
        self._name = name
        self._rows = rows
        self._known: dict[LabelPairs, Row] = {}

    def has(self, labels: LabelPairs) -> bool:
        return labels in self._known

    def add(self, series: Series) -> None:
        row = self._known.get(series.labels)
        if row is None:
            row = self._known[series.labels] = self._begin(series.labels)
        if self.type == "TIMER":
            Distribution(BOUNDS, row).observe(series.value)
        elif self.type == "GAUGE":
            row[0] = series.value
        else:
            row[0] += series.value

    def _begin(self, labels: LabelPairs) -> Row:
        count = Distribution.width(BOUNDS) if self.type == "TIMER" else 1
        return self._rows.row(CUSTOM, (self.type, self._name, *chain.from_iterable(labels)), count)


class CustomMetrics:
    """The store; calls may come from several threads."""

    def __init__(self, rows: Rows | None = None) -> None:
        self._rows = OwnRows() if rows is None else rows
        self._families: dict[str, _Family] = {}
        self._owners: dict[str, str] = {}  # sample name to the family it belongs to
        self._told: set[str] = set()
        self._size = 0
        self._lock = Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def sink(self, origin_of: Callable[[str], Origin]) -> "OriginSink":
        """Where a caller of components puts their metrics; `origin_of` is asked with the node's name."""
        return OriginSink(self, origin_of)

    def add(self, origin: Origin, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Count what a component's method reported; what cannot be exposed is logged once, and counted."""
        for metric in metrics:
            try:
                series = series_of(origin, method, metric)
                with self._lock:
                    self._add(series)
            except RefusedMetric as error:
                self._refuse(origin, metric, str(error))

    def reward(self, origin: Origin, reward: float) -> None:
        """Count a feedback; one without a reward is none."""
        if not reward:
            return
        metrics = (
            {"type": "COUNTER", "key": FEEDBACK, "value": 1},
            {"type": "COUNTER", "key": REWARD, "value": reward},
        )
        self.add(origin, "feedback", metrics)

    def _add(self, series: Series) -> None:
        names = series.sample_names()
        if any(self._owners.get(name, names[0]) != names[0] for name in names):
            raise RefusedMetric("another metric has this name, or one of a timer's names")
        family = self._families.get(names[0])
        if family is not None and family.type != series.type:
            raise RefusedMetric(f"it was a {family.type} before")
        if family is None or not family.has(series.labels):
            if self._size >= MOST_SERIES:
                raise RefusedMetric(f"there are {MOST_SERIES} series already")
            self._size += 1
        if family is None:
            self._owners.update(dict.fromkeys(names, names[0]))
            family = self._families[names[0]] = _Family(series.name, series.type, self._rows)
        family.add(series)

    def _refuse(self, origin: Origin, metric: Any, why: str) -> None:
        key = str(metric.get("key") if isinstance(metric, Mapping) else metric)[:100]
        with self._lock:
            self._rows.row(REFUSED, (origin.model_name,), 1)[0] += 1
            new = key not in self._told and len(self._told) < MOST_WARNINGS
            if new:
                self._told.add(key)
        if new:
            log.warning("metric %r of %s is not exposed: %s", key, origin.model_name, why)

    def render(self) -> bytes:
        """The text of a scrape; empty when nothing was reported."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families for a Prometheus registry."""
        with self._lock:
            families = list(_metrics(self._rows.totals(CUSTOM)))
            refused = self._rows.totals(REFUSED)
        yield from families
        if refused:
            yield _refusals({key[0]: int(row[0]) for key, row in refused.items()})


def _metrics(totals: Mapping[Key, Sequence[float]]) -> Iterator[Metric]:
    """The families of all rows. Of two that cannot be on one page, made by different workers, the first."""
    families: dict[tuple[str, str], Metric] = {}
    owners: dict[str, tuple[str, str]] = {}
    for (kind, name, *flat), row in totals.items():
        if any(owners.setdefault(each, (kind, name)) != (kind, name) for each in sample_names(kind, name)):
            continue
        metric = families.setdefault((kind, name), Metric(name, "", _TYPES[kind]))
        labels = dict(zip(flat[::2], flat[1::2], strict=True))
        if kind == "TIMER":
            _add_histogram(metric, labels, row)
        else:
            metric.add_sample(f"{name}_total" if kind == "COUNTER" else name, labels, row[0])
    yield from families.values()


def _add_histogram(metric: Metric, labels: dict[str, str], row: Sequence[float]) -> None:
    *counts, seconds = row
    total = 0
    for limit, count in zip(LIMITS, counts, strict=True):
        total += int(count)
        metric.add_sample(f"{metric.name}_bucket", {**labels, "le": limit}, total)
    metric.add_sample(f"{metric.name}_count", labels, total)
    metric.add_sample(f"{metric.name}_sum", labels, seconds)


def _refusals(refused: Mapping[str, int]) -> Metric:
    metric = Metric(REFUSED, "Metrics of a component that Prometheus could not read.", "counter")
    for model, count in refused.items():
        metric.add_sample(f"{REFUSED}_total", {"model_name": model}, count)
    return metric


class OriginSink:
    """A `MetricSink` of one or several nodes whose metrics go into a store."""

    def __init__(self, store: CustomMetrics, origin_of: Callable[[str], Origin]) -> None:
        self._store = store
        self._origin_of = origin_of

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        self._store.add(self._origin_of(node), method, metrics)

    def reward(self, node: str, reward: float) -> None:
        self._store.reward(self._origin_of(node), reward)
