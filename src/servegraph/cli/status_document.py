"""What `servegraph status` shows: every predictor, and all of them together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from time import monotonic
from typing import Any

from servegraph.cli import describe
from servegraph.cli.backend import share_of
from servegraph.cli.crew import Crew
from servegraph.cli.predictor import ServedPredictor
from servegraph.spec import SeldonDeployment


def status_document(
    deployment: SeldonDeployment, predictors: Sequence[ServedPredictor], crew: Crew, started: float
) -> dict[str, Any]:
    """The status now, of all workers together.

    `answers` and `feedback` are those of clients: what a shadow says counts only in `predictors`.
    Nodes, arms and detectors are listed for all predictors; detectors by the node's name, and by
    `predictor/node` where there are several predictors.

    Args:
        started: on the monotonic clock, in seconds.
    """
    answering = [predictor for predictor in predictors if not predictor.spec.shadow]
    return {
        "deployment": deployment.name,
        "namespace": deployment.namespace,
        "predictor": answering[0].spec.name,
        "pid": crew.pid,
        "uptime_s": round(monotonic() - started, 1),
        "workers": crew.status(),
        "predictors": [_predictor(predictor, answering) for predictor in predictors],
        "nodes": [_of(each, describe.status(node)) for each in predictors for node in each.nodes],
        "answers": _summed([predictor.metrics.answers() for predictor in answering]),
        "arms": [_of(each, arm) for each in predictors for arm in each.metrics.arms()],
        "feedback": _summed([predictor.metrics.feedback_results() for predictor in answering]),
        "monitor": _monitor(predictors),
    }


def _of(predictor: ServedPredictor, document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "predictor": predictor.spec.name}


def _predictor(predictor: ServedPredictor, answering: Sequence[ServedPredictor]) -> dict[str, Any]:
    return {
        "name": predictor.spec.name,
        "shadow": predictor.spec.shadow,
        "traffic": share_of(predictor.spec, [each.spec for each in answering]),
        "answers": predictor.metrics.answers(),
        "feedback": predictor.metrics.feedback_results(),
        "dropped": predictor.metrics.dropped_copies(),
    }


def _summed(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _monitor(predictors: Sequence[ServedPredictor]) -> dict[str, Any] | None:
    reports = {each.spec.name: asdict(report) for each in predictors if (report := each.metrics.report())}
    if not reports:
        return None
    several = len(predictors) > 1
    return {
        "connected": all(report["connected"] for report in reports.values()),
        **{key: sum(report[key] for report in reports.values()) for key in ("queued", "sent", "dropped")},
        "detectors": {
            f"{predictor}/{node}" if several else node: state
            for predictor, report in reports.items()
            for node, state in report["detectors"].items()
        },
    }
