"""The metrics that components make themselves, and the rewards they got: kept, and exposed.

One store for all workers of a component, or for all nodes of a graph: who made a metric is said
with each call. Nothing here knows how metrics travel between processes (`custom_relay` does).

Source: the metrics of Seldon's component server, except that a family has one HELP and one TYPE.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log10
from threading import Lock
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from servegraph.observe.custom_series import LabelPairs, Origin, RefusedMetric, Series, Type, series_of
from servegraph.observe.distribution import Distribution

__all__ = ["CustomMetrics", "Origin"]

BOUNDS = tuple(float(bound) for bound in np.logspace(-3, log10(30), 50))  # seconds
LIMITS = (*(repr(bound) for bound in BOUNDS), "+Inf")
MOST_SERIES = 20_000  # a tag with a new value in every request must not fill the memory
MOST_WARNINGS = 100
FEEDBACK, REWARD = "seldon_api_model_feedback", "seldon_api_model_feedback_reward"
REFUSED = "servegraph_custom_metrics_refused"

log = logging.getLogger(__name__)


class _Family:
    """All series of one name: numbers, or distributions for a TIMER."""

    def __init__(self, kind: Type) -> None:
        self.type = kind
        self.numbers: dict[LabelPairs, float] = {}
        self.timers: dict[LabelPairs, Distribution] = {}

    def has(self, labels: LabelPairs) -> bool:
        return labels in self.numbers or labels in self.timers

    def add(self, series: Series) -> None:
        if self.type == "TIMER":
            self.timers.setdefault(series.labels, Distribution(BOUNDS)).observe(series.value)
        elif self.type == "GAUGE":
            self.numbers[series.labels] = series.value
        else:
            self.numbers[series.labels] = self.numbers.get(series.labels, 0.0) + series.value


class CustomMetrics:
    """The store; calls may come from several threads."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}
        self._owners: dict[str, str] = {}  # sample name to the family it belongs to
        self._refused: dict[str, int] = {}
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
            family = self._families[names[0]] = _Family(series.type)
        family.add(series)

    def _refuse(self, origin: Origin, metric: Any, why: str) -> None:
        key = str(metric.get("key") if isinstance(metric, Mapping) else metric)[:100]
        with self._lock:
            self._refused[origin.model_name] = self._refused.get(origin.model_name, 0) + 1
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
            families = [_metric(name, family) for name, family in self._families.items()]
            refused = dict(self._refused)
        yield from families
        if refused:
            yield _refusals(refused)


def _metric(name: str, family: _Family) -> Metric:
    match family.type:
        case "TIMER":
            return _histogram(name, family)
        case "COUNTER":
            metric, sample = Metric(name.removesuffix("_total"), "", "counter"), name
        case "GAUGE":
            metric, sample = Metric(name, "", "gauge"), name
    for labels, number in family.numbers.items():
        metric.add_sample(sample, dict(labels), number)
    return metric


def _histogram(name: str, family: _Family) -> Metric:
    metric = Metric(name, "", "histogram")
    for pairs, timer in family.timers.items():
        labels, total = dict(pairs), 0
        for limit, count in zip(LIMITS, timer.counts, strict=True):
            total += count
            metric.add_sample(f"{name}_bucket", {**labels, "le": limit}, total)
        metric.add_sample(f"{name}_count", labels, total)
        metric.add_sample(f"{name}_sum", labels, timer.total)
    return metric


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
