"""Metric families that carry the labels of the graph: `deployment_name` and `predictor_name`."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

GRAPH_LABELS = ("deployment_name", "predictor_name")

Labels = tuple[str, ...]
Sample = tuple[Labels, float | None]


class Families:
    """Builds families of one graph; a sample is its own label values and a number.

    A number that is not known (None, as NaN travels in JSON) is shown as NaN.
    """

    def __init__(self, deployment: str, predictor: str) -> None:
        self.graph = (deployment, predictor)

    def counter(self, name: str, text: str, labels: Labels, samples: Iterable[Sample]) -> CounterMetricFamily:
        family = CounterMetricFamily(name, text, labels=(*GRAPH_LABELS, *labels))
        for values, number in samples:
            family.add_metric((*self.graph, *values), _number(number))
        return family

    def gauge(self, name: str, text: str, labels: Labels, samples: Iterable[Sample]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=(*GRAPH_LABELS, *labels))
        for values, number in samples:
            family.add_metric((*self.graph, *values), _number(number))
        return family

    def summary(
        self, name: str, text: str, labels: Labels, samples: Iterable[tuple[Labels, int, float]]
    ) -> SummaryMetricFamily:
        """A sample is its label values, the count, the sum."""
        family = SummaryMetricFamily(name, text, labels=(*GRAPH_LABELS, *labels))
        for values, count, total in samples:
            family.add_metric((*self.graph, *values), count, total)
        return family


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
