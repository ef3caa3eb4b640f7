"""SG340-SG343: how requests are split over predictors."""

from collections.abc import Iterator

from servegraph.check.edit import Remove
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Predictor, Subject


def _live(subject: Subject) -> list[Predictor]:
    return [predictor for predictor in subject.predictors if not predictor.spec.shadow]


@rule("SG340", Level.ERROR, "Traffic that is no percentage")
def percentages(subject: Subject) -> Iterator[Found]:
    """The webhook adds the traffic of all predictors and compares the sum with 100; it does not look at the single
    values. So 120 and -20 pass, and a single predictor may have 150. Gateways refuse such weights, and the routes of
    the object are never made or updated."""
    for predictor in _live(subject):
        traffic = predictor.spec.traffic
        if traffic is not None and not 0 <= traffic <= 100:
            message = f"predictor {predictor.spec.name!r} has traffic {traffic}"
            yield Found((*predictor.place, "traffic"), message, "use a percentage from 0 to 100")


@rule("SG341", Level.WARNING, "No traffic that becomes an equal share", cluster_only=True)
def zero_weights(subject: Subject) -> Iterator[Found]:
    """Ambassador's mappings of version 1 leave a weight of 0 out, and mappings without a weight share the rest
    equally. So 100 and 0 becomes 50 and 50: the version that was to get nothing gets half. Istio, and Ambassador's
    version 2, keep the zero."""
    live = _live(subject)
    if len(live) > 1 and sum(predictor.spec.traffic or 0 for predictor in live) == 100:
        for predictor in live[1:]:
            if not predictor.spec.traffic:
                message = f"predictor {predictor.spec.name!r} with no traffic gets an equal share with Ambassador v1"
                help_ = "remove it until it shall get requests"
                yield Found((*predictor.place, "traffic"), message, help_)


@rule("SG342", Level.NOTE, "Traffic needs a gateway", cluster_only=True)
def gateways(subject: Subject) -> Iterator[Found]:
    """Nothing of Seldon Core splits traffic by itself. The weights, and the copies for a shadow, are made by Istio or
    Ambassador, if the operator was installed with one of them and requests come through it. A request to the Service
    of a predictor always goes to that predictor."""
    if len(subject.predictors) > 1:
        message = f"the {len(subject.predictors)} predictors share requests only behind Istio or Ambassador"
        help_ = "fine if the operator works with one of them; a predictor's own Service is never split"
        yield Found(("spec", "predictors"), message, help_, at_key=True)


@rule("SG343", Level.WARNING, "A shadow with traffic 0 gets all of it", cluster_only=True)
def zero_shadows(subject: Subject) -> Iterator[Found]:
    """For a shadow `traffic` is the percentage of requests of which it gets a copy. The operator passes it on only
    when it is above 0, and a mirror without a percentage gets a copy of everything. Zero reads as off and means
    all."""
    for predictor in subject.predictors:
        if predictor.spec.shadow and predictor.spec.traffic == 0:
            place = (*predictor.place, "traffic")
            message = f"shadow {predictor.spec.name!r} with traffic 0 gets a copy of every request"
            help_ = "leave traffic out if that is meant; else give a percentage, or remove the shadow"
            yield Found(place, message, help_, edits=[Remove(place)])


RULES = (percentages, zero_weights, gateways, zero_shadows)
