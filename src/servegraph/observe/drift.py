"""The drift monitor's report as metric families.

A value that is not a number stays NaN and is never left out or read as zero.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from prometheus_client.core import Metric

from servegraph.observe.families import Families, Sample
from servegraph.verdict import DetectorState, DriftVerdict, MonitorReport

VERDICTS: tuple[str, ...] = get_args(DriftVerdict)

Detectors = Mapping[str, DetectorState]


def monitor_families(families: Families, report: MonitorReport) -> Iterator[Metric]:
    """Whether the monitor lives and how far it lags, then every detector's last word."""
    yield families.gauge("servegraph_monitor_up", "1 while the monitor process answers.", (), [((), report.connected)])
    yield families.gauge(
        "servegraph_monitor_queue_rows", "Rows waiting to be sent to the monitor.", (), [((), report.queued)]
    )
    yield families.counter("servegraph_monitor_sent_rows_total", "Rows sent to the monitor.", (), [((), report.sent)])
    yield families.counter(
        "servegraph_monitor_dropped_rows_total", "Rows the monitor never saw.", (), [((), report.dropped)]
    )
    yield from _verdicts(families, report.detectors)
    yield from _windows(families, report.detectors)
    yield from _features(families, report.detectors)


def _verdicts(families: Families, detectors: Detectors) -> Iterator[Metric]:
    yield families.gauge(
        "servegraph_drift_state",
        "1 for the state the detector is in.",
        ("detector", "state"),
        [((name, state), state == it.verdict) for name, it in detectors.items() for state in VERDICTS],
    )
    yield families.gauge(
        "servegraph_drift_threshold",
        "The p-value under which a feature counts as drifted.",
        ("detector",),
        [((name,), it.threshold) for name, it in detectors.items() if it.threshold is not None],
    )


def _windows(families: Families, detectors: Detectors) -> Iterator[Metric]:
    yield families.counter(
        "servegraph_drift_windows_total",
        "Windows tested, by result.",
        ("detector", "result"),
        [((name, state), it.windows.get(state, 0)) for name, it in detectors.items() for state in VERDICTS],
    )
    yield families.gauge(
        "servegraph_drift_last_run_timestamp_seconds",
        "When a window was last tested, in Unix seconds; missing until the first.",
        ("detector",),
        [((name,), it.last_run) for name, it in detectors.items() if it.last_run is not None],
    )
    yield families.gauge(
        "servegraph_drift_rows_waiting",
        "Rows of the window that is being filled.",
        ("detector",),
        [((name,), it.waiting) for name, it in detectors.items()],
    )


def _features(families: Families, detectors: Detectors) -> Iterator[Metric]:
    def per_feature(values: Callable[[DetectorState], Mapping[str, float]]) -> list[Sample]:
        return [((name, str(f)), v) for name, it in detectors.items() for f, v in values(it).items()]

    labels = ("detector", "feature")
    yield families.gauge(
        "servegraph_drift_p_value",
        "p-value of the feature in the last window; NaN if it could not be tested.",
        labels,
        per_feature(lambda it: it.p_values),
    )
    yield families.gauge(
        "servegraph_drift_distance",
        "Distance of the feature from the reference in the last window.",
        labels,
        per_feature(lambda it: it.distances),
    )
    yield families.gauge(
        "servegraph_drift_missing_ratio",
        "Share of missing values of the feature in the last window.",
        labels,
        per_feature(lambda it: it.missing),
    )
