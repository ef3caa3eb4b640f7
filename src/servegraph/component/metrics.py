"""The metrics that a component reports with an answer.

Source:
    Seldon's component server: a list of objects with `key`, `value` and `type`; where one has
    tags, the answer names the method among them, over HTTP also in the answer of a raw method.
"""

import json
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any, Protocol

from servegraph.errors import ServeGraphError

_TYPES = frozenset(("COUNTER", "GAUGE", "TIMER"))


class MetricSink(Protocol):
    """Where metrics of components are counted."""

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Count what a component reported; `method` is Seldon's label, e.g. `inputtransform`."""

    def reward(self, node: str, reward: float) -> None:
        """Count a reward that a component was told, which is not 0."""


class BadMetric(ServeGraphError):
    """A component reported what is no metric."""


def checked(metrics: Any, method: str) -> list[dict[str, Any]]:
    """The metrics, with their method among their tags.

    Raises:
        BadMetric: they are no list of metrics.
    """
    if not isinstance(metrics, list) or not all(_is_metric(metric) for metric in metrics):
        raise BadMetric(f"Bad metric created during request: {json.dumps(metrics, default=str)}")
    return [_labelled(metric, method) for metric in metrics]


def _is_metric(metric: Any) -> bool:
    return (
        isinstance(metric, dict)
        and "key" in metric
        and metric.get("type") in _TYPES
        and isinstance(metric.get("value"), Number)
        and all(isinstance(value, str) for value in (metric.get("tags") or {}).values())
    )


def _labelled(metric: dict[str, Any], method: str) -> dict[str, Any]:
    value = metric["value"]
    plain = value.item() if hasattr(value, "item") else value  # numpy's numbers have no JSON
    return with_method({**metric, "value": plain}, method)


def with_method(metric: dict[str, Any], method: str) -> dict[str, Any]:
    """A metric with its method among its tags, where it has tags."""
    tags = metric.get("tags")
    return {**metric, "tags": {**tags, "method": method}} if isinstance(tags, Mapping) else metric
