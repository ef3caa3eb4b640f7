"""Medians over the rounds, and ratios: made within each round, so that a slow minute strikes both sides."""

from collections.abc import Callable, Sequence
from statistics import median

from harness.load import Measured
from harness.scenario import Entry, Load, Outcome

Figure = Callable[[Measured], float]


def rate(measured: Measured) -> float:
    return measured.rate


def p50(measured: Measured) -> float:
    return measured.p50


def p99(measured: Measured) -> float:
    return measured.p99


def middle(measured: Sequence[Measured], figure: Figure) -> float:
    return median(figure(each) for each in measured)


def share(measured: Sequence[Measured], part: Figure, rest: Figure) -> float | None:
    """A part of part and rest, over all rounds; None where there is neither."""
    of_part, of_rest = sum(map(part, measured)), sum(map(rest, measured))
    return of_part / (of_part + of_rest) if of_part + of_rest else None


def ratio(mine: Entry | None, theirs: Entry | None, load: Load, figure: Figure) -> float | None:
    """The median of one contender's figure over another's, round by round; None where one of them is missing."""
    if mine is None or theirs is None:
        return None
    pairs = zip(mine.measured.get(load, ()), theirs.measured.get(load, ()), strict=False)
    found = [figure(above) / figure(below) for above, below in pairs if figure(below)]
    return median(found) if found else None


def to_baseline(outcome: Outcome, key: str, load: Load) -> float | None:
    """Requests a second, of those of the scenario's baseline."""
    baseline = outcome.scenario.baseline.get(load.form, "")
    return ratio(outcome.entries.get(key), outcome.entries.get(baseline), load, rate)
