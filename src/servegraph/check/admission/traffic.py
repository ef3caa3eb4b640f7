"""What the webhook looks at in traffic: shares of the live predictors, and shadows."""

from collections.abc import Iterator, Sequence

from servegraph.check.edit import Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Predictor, Subject


def _shadows(subject: Subject) -> Sequence[Predictor]:
    return [predictor for predictor in subject.predictors if predictor.spec.shadow]


@rule("SG218", Level.ERROR, "Two shadows")
def two_shadows(subject: Subject) -> Iterator[Found]:
    """A gateway mirrors requests to one place, so that a deployment can have one shadow. For more of them, deploy the
    others one after the other."""
    for predictor in _shadows(subject)[1:]:
        what = f"predictor {predictor.spec.name!r} is a second shadow"
        yield Found((*predictor.place, "shadow"), what, "keep one shadow")


@rule("SG219", Level.ERROR, "A shadow's share beyond 0 to 100")
def shadow_share(subject: Subject) -> Iterator[Found]:
    """The `traffic` of a shadow is the percentage of the requests that it gets a copy of; 0, or nothing, means all."""
    for predictor in _shadows(subject):
        traffic = predictor.spec.traffic or 0
        if not 0 <= traffic <= 100:
            what = f"shadow {predictor.spec.name!r} has traffic {traffic}"
            yield Found((*predictor.place, "traffic"), what, "write a percentage from 0 to 100")


@rule("SG220", Level.ERROR, "Traffic that does not add up to 100")
def sum_of_traffic(subject: Subject) -> Iterator[Found]:
    """The `traffic` of predictors is the percentage of requests that each gets. With more than one that answers,
    shadows left out, all have to add up to 100; a predictor without `traffic` counts as 0."""
    live = [predictor for predictor in subject.predictors if not predictor.spec.shadow]
    total = sum(predictor.spec.traffic or 0 for predictor in live)
    if len(live) > 1 and total != 100:
        shares = ", ".join(f"{predictor.spec.name} {predictor.spec.traffic or 0}" for predictor in live)
        yield Found(
            ("spec", "predictors"), f"traffic adds up to {total} ({shares})", "make it add up to 100", at_key=True
        )


@rule("SG221", Level.ERROR, "A single predictor with a part of the traffic")
def single_share(subject: Subject) -> Iterator[Found]:
    """There is one predictor, and it gets all requests; a share between 0 and 100 says that another one was
    forgotten."""
    if len(subject.predictors) != 1:
        return
    predictor = subject.predictors[0]
    traffic = predictor.spec.traffic or 0
    if 0 < traffic < 100:
        place = (*predictor.place, "traffic")
        what = f"the only predictor, {predictor.spec.name!r}, has traffic {traffic}"
        yield Found(
            place, what, "write 100, leave it out, or add the predictor that gets the rest", edits=[Replace(place, 100)]
        )


RULES = (two_shadows, shadow_share, sum_of_traffic, single_share)
