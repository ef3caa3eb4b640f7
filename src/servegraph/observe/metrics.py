"""Everything a scrape of one predictor answers: a `Listener` that counts, and its exposition.

The request path only adds to plain numbers; the registry is private, and no label ever holds
anything that a caller chooses (puid, user, text).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from servegraph import __version__
from servegraph.engine.events import FeedbackResult
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.drift import monitor_families
from servegraph.observe.executor import SECONDS, ExecutorMetrics, NodeLabels
from servegraph.observe.experiment import Experiment
from servegraph.observe.families import Families
from servegraph.verdict import MonitorReport

__all__ = ["Metrics", "NodeLabels"]

SinkCounts = Mapping[str, tuple[int, int, int]]  # address: sent, failed, dropped


class Metrics:
    """Implements `servegraph.engine.events.Listener`; all durations are seconds.

    Args:
        nodes: every node of the graph by name.
        report: asked at each scrape; None where no monitor runs, and then its families are missing.
        bounds: upper bounds of the latencies' buckets.

    Attributes:
        custom: the metrics that components in this process make themselves.
    """

    def __init__(
        self,
        deployment: str,
        predictor: str,
        predictor_version: str,
        nodes: Mapping[str, NodeLabels],
        report: Callable[[], MonitorReport] | None,
        bounds: Sequence[float] = SECONDS,
    ) -> None:
        self._nodes = nodes
        self._report = report
        self._families = Families(deployment, predictor)
        self._executor = ExecutorMetrics((deployment, predictor, predictor_version), nodes, bounds)
        self._experiment = Experiment(
            self._families, {name: node.branches for name, node in nodes.items() if node.branches}
        )
        self.custom = CustomMetrics()
        self._sinks: Callable[[], SinkCounts] | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        self._executor.server.observe((service, method, code), seconds)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None:
        self._executor.client.observe((node, service, method, code), seconds)

    def routed(self, router: str, branch: int) -> None:
        self._experiment.routed(router, branch)

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        self._experiment.feedback(result, routing, reward, delay)

    def watch_sinks(self, counts: Callable[[], SinkCounts]) -> None:
        """Show what becomes of logged events: `counts` is asked at each scrape."""
        self._sinks = counts

    def arms(self) -> list[dict[str, Any]]:
        """See `Experiment.arms`; for people, where a scrape is for Prometheus."""
        return self._experiment.arms()

    def answers(self) -> dict[str, int]:
        """Predictions answered, by HTTP status or gRPC code."""
        totals: dict[str, int] = {}
        for (service, _, code), count in self._executor.server.counts().items():
            if service == "predictions" or service.endswith("/Predict"):
                totals[code] = totals.get(code, 0) + count
        return totals

    def feedback_results(self) -> dict[str, int]:
        """Feedback received, by what became of it."""
        return self._experiment.results()

    def render(self) -> tuple[str, bytes]:
        """The content type and the body for one scrape; may run in another thread."""
        return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The registry's way in."""
        own = list(self._own())
        names = {metric.name for metric in own}
        yield from own
        yield from (metric for metric in self.custom.collect() if metric.name not in names)

    def _own(self) -> Iterator[Metric]:
        yield from self._executor.collect()
        yield from self._experiment.collect()
        yield from self._versions()
        if self._sinks is not None:
            yield self._logged(self._sinks())
        if self._report is not None:
            yield from monitor_families(self._families, self._report())

    def _logged(self, sinks: SinkCounts) -> Metric:
        samples = [
            ((sink, result), float(count))
            for sink, counts in sinks.items()
            for result, count in zip(("sent", "failed", "dropped"), counts, strict=True)
        ]
        text = "Events of the request logger, by what became of them."
        return self._families.counter("servegraph_logged_events", text, ("sink", "result"), samples)

    def _versions(self) -> Iterator[Metric]:
        yield self._families.gauge(
            "servegraph_build_info", "The servegraph that answers.", ("version",), [((__version__,), 1)]
        )
        yield self._families.gauge(
            "servegraph_artifact_info",
            "The artifact a node has loaded.",
            ("node", "artifact", "version", "digest"),
            [
                ((name, node.artifact, node.artifact_version or "", node.digest or ""), 1)
                for name, node in self._nodes.items()
                if node.artifact is not None
            ],
        )
