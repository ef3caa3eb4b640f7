"""What answers requests: one predictor's engine, or several that share them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from servegraph.cli.predictor import ServedPredictor
from servegraph.engine import Backend, Engine
from servegraph.engine.predictors import Predictors, Share
from servegraph.engine.shadow import Shadow
from servegraph.errors import ConfigurationError
from servegraph.spec import PredictorSpec

ALL = 100  # percent


def check_shares(predictors: Sequence[PredictorSpec]) -> None:
    """Raise ConfigurationError unless some predictor answers, and each share is possible."""
    answering = [predictor for predictor in predictors if not predictor.shadow]
    if not answering:
        raise ConfigurationError("every predictor is a shadow", hint="one must answer; choose it with --predictor")
    if len(predictors) - len(answering) > 1:
        raise ConfigurationError("there are several shadows", hint="one predictor can be a shadow")
    for predictor in predictors:
        if (predictor.traffic or 0) < 0:
            raise ConfigurationError(
                f"predictor {predictor.name!r} has traffic {predictor.traffic}", hint="write 0 or more"
            )
    if not any(share_of(predictor, answering) for predictor in answering):
        raise ConfigurationError("no predictor has any traffic", hint="make `traffic` add up to 100")


def share_of(predictor: PredictorSpec, answering: Sequence[PredictorSpec]) -> int:
    """Percent of the requests that a predictor gets; the only one that answers gets all."""
    if predictor.shadow:
        return predictor.traffic or ALL
    return ALL if len(answering) == 1 else predictor.traffic or 0


def make_backend(predictors: Sequence[ServedPredictor], engines: Sequence[Engine], ending: AsyncExitStack) -> Backend:
    """The engine of the only predictor; or all engines, drawn by weight, and a shadow's that gets copies."""
    if len(predictors) == 1:
        return engines[0]
    answering = [predictor.spec for predictor in predictors if not predictor.spec.shadow]
    shares, shadow = [], None
    for predictor, engine in zip(predictors, engines, strict=True):
        percent = share_of(predictor.spec, answering)
        if predictor.spec.shadow:
            shadow = Shadow(predictor.spec.name, engine, predictor.metrics, percent)
            predictor.metrics.watch_copies(shadow.counts)
            ending.push_async_callback(shadow.close)
        else:
            shares.append(Share(engine, predictor.ledger, predictor.metrics, percent, predictor.limits))
    return Predictors(shares, shadow)
