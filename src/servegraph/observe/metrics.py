"""Everything a scrape tells of one predictor: a `Listener` that counts, and its families.

The request path only adds to plain numbers, and no label ever holds anything that a caller
chooses (puid, user, text).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from prometheus_client.core import Metric

from servegraph import __version__
from servegraph.engine.events import FeedbackResult
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.drift import monitor_families
from servegraph.observe.executor import SECONDS, ExecutorMetrics, NodeLabels
from servegraph.observe.experiment import Experiment
from servegraph.observe.exposition import Exposition
from servegraph.observe.families import Families
from servegraph.observe.rows import Brought, OwnRows, Rows
from servegraph.verdict import MonitorReport

__all__ = ["Metrics", "NodeLabels"]

SinkCounts = Mapping[str, tuple[int, int, int]]  # address: sent, failed, dropped
CopyCounts = tuple[int, int, int]  # answered, failed, dropped

_UNLOGGED = "Predictions of which nothing was logged, as requests needed the time."


class Metrics:
    """Implements `servegraph.engine.events.Listener`; all durations are seconds.

    Args:
        nodes: every node of the graph by name.
        report: asked at each scrape; None where no monitor runs, and then its families are missing.
        bounds: upper bounds of the latencies' buckets.
        custom: the store of the metrics that components in this process make themselves, where
            several predictors share one.
        rows: where counts are kept, if other processes serve the same predictor.
    """

    def __init__(
        self,
        deployment: str,
        predictor: str,
        predictor_version: str,
        nodes: Mapping[str, NodeLabels],
        report: Callable[[], MonitorReport] | None,
        bounds: Sequence[float] = SECONDS,
        custom: CustomMetrics | None = None,
        rows: Rows | None = None,
    ) -> None:
        self._nodes = nodes
        self._report = report
        self._families = Families(deployment, predictor)
        self._rows = OwnRows() if rows is None else rows
        self._executor = ExecutorMetrics(self._rows, (deployment, predictor, predictor_version), nodes, bounds)
        self._experiment = Experiment(
            self._rows, self._families, {name: node.branches for name, node in nodes.items() if node.branches}
        )
        self.custom = CustomMetrics(self._rows) if custom is None else custom
        self._sinks: Callable[[], SinkCounts] | None = None
        self._unlogged: Callable[[], int] = lambda: 0
        self._copies: Callable[[], CopyCounts] | None = None
        self._sink_totals = Brought(self._rows, f"{predictor}/sinks")
        self._copy_totals = Brought(self._rows, f"{predictor}/copies")
        self._unlogged_totals = Brought(self._rows, f"{predictor}/unlogged")
        self._row_totals = Brought(self._rows, f"{predictor}/rows")
        self._queued_family = f"{predictor}/queued"
        self._queued = self._rows.row(self._queued_family, (), 1)
        self._lost_rows = int(self._queued[0])  # a process that was killed had them, and we go on in its place
        self._page = Exposition([self])

    def request_done(self, service: str, method: str, code: str, seconds: float) -> None:
        self._executor.server.observe((service, method, code), seconds)

    def node_called(self, node: str, service: str, method: str, code: str, seconds: float) -> None:
        self._executor.client.observe((node, service, method, code), seconds)

    def node_calls(self, node: str, service: str, method: str, code: str) -> Callable[[float], None]:
        return self._executor.client.child((node, service, method, code)).observe

    def routed(self, router: str, branch: int) -> None:
        self._experiment.routed(router, branch)

    def feedback(self, result: FeedbackResult, routing: Mapping[str, int], reward: float, delay: float) -> None:
        self._experiment.feedback(result, routing, reward, delay)

    def watch_sinks(self, counts: Callable[[], SinkCounts], unlogged: Callable[[], int]) -> None:
        """Show what becomes of logged events, and how many predictions are not logged; asked at each scrape."""
        self._sinks, self._unlogged = counts, unlogged

    def watch_copies(self, counts: Callable[[], CopyCounts]) -> None:
        """Show what becomes of the copies that a shadow gets: `counts` is asked at each scrape."""
        self._copies = counts

    def dropped_copies(self) -> int:
        """Copies for which a shadow had no place."""
        return self._all_copies(self._copies())[2] if self._copies else 0

    def report(self) -> MonitorReport | None:
        """What is known of the monitor, with the rows of all processes; None where no monitor runs."""
        return self._whole(self._report()) if self._report else None

    def publish(self) -> None:
        """Show the other processes what is counted elsewhere in this one."""
        if self._sinks is not None:
            self._all_sinks(self._sinks())
            self._all_unlogged()
        if self._copies is not None:
            self._all_copies(self._copies())
        self.report()

    def _all_sinks(self, own: SinkCounts) -> SinkCounts:
        totals = self._sink_totals.totals({(sink,): counts for sink, counts in own.items()})
        return {key[0]: (counts[0], counts[1], counts[2]) for key, counts in totals.items()}

    def _all_unlogged(self) -> float:
        return self._unlogged_totals.totals({(): (self._unlogged(),)})[()][0]

    def _all_copies(self, own: CopyCounts) -> CopyCounts:
        answered, failed, dropped = self._copy_totals.totals({(): own})[()]
        return answered, failed, dropped

    def _whole(self, own: MonitorReport) -> MonitorReport:
        sent, dropped = self._row_totals.totals({(): (own.sent, own.dropped + self._lost_rows)})[()]
        self._queued[0] = own.queued
        queued = int(self._rows.totals(self._queued_family)[()][0])
        return replace(own, queued=queued, sent=sent, dropped=dropped)

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
        """The page of this predictor alone; see `Exposition.render`."""
        return self._page.render()

    def families(self) -> Iterator[Metric]:
        """All that is known here, for a page; components' own metrics are not among it."""
        yield from self._executor.collect()
        yield from self._experiment.collect()
        yield from self._versions()
        if self._sinks is not None:
            yield self._logged(self._all_sinks(self._sinks()))
            yield self._families.counter("servegraph_unlogged_predictions", _UNLOGGED, (), [((), self._all_unlogged())])
        if self._copies is not None:
            yield self._copied(self._all_copies(self._copies()))
        report = self.report()
        if report is not None:
            yield from monitor_families(self._families, report)

    def _logged(self, sinks: SinkCounts) -> Metric:
        samples = [
            ((sink, result), float(count))
            for sink, counts in sinks.items()
            for result, count in zip(("sent", "failed", "dropped"), counts, strict=True)
        ]
        text = "Events of the request logger, by what became of them."
        return self._families.counter("servegraph_logged_events", text, ("sink", "result"), samples)

    def _copied(self, counts: CopyCounts) -> Metric:
        samples = [((result,), float(n)) for result, n in zip(("answered", "failed", "dropped"), counts, strict=True)]
        text = "Copies of requests for a shadow, by what became of them."
        return self._families.counter("servegraph_shadow_copies", text, ("result",), samples)

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
