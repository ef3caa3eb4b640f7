"""Which rows a proof asks about."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import numpy as np

from servegraph.kernels.kernel import Proof
from servegraph.kernels.proving.comparing import Comparison
from servegraph.kernels.reading.reading import Edges
from servegraph.kernels.steps import Step, run
from servegraph.kernels.steps.step import Array

_MOST_EVIDENCE = 4_000
_RANDOM = 500
_SINGLE = 100  # rows that the steps are also asked one by one
_SINGLE_BOTH = 4  # and the original too, which may take milliseconds for each
_MOST_COLUMNS = 40  # for what is tried in each column alone
_EXTREMES = (0.0, -0.0, 1e30, -1e30, 5e-324, -1e-310, 1e-40, 1e-35, -1e-36)
_ODD = (np.nan, np.inf, -np.inf, 1e300, -1e300)
_PAIRS = 32  # of rows of different classes, between which the border is looked for
_HALVINGS = 80


def prove(
    original: Callable[[Array], Array],
    steps: tuple[Step, ...],
    method: str,
    evidence: Array,
    edges: Edges | None = None,
    tolerance: float = 1e-6,
) -> Proof:
    """Evidence, rows drawn in its range, extreme values, the model's own edges and the borders between classes.

    Args:
        evidence: rows that the original takes.
        edges: makes rows around everything the model decides by.
    Raises:
        Counterexample: one of them is answered differently.
    """
    started = perf_counter()
    random = np.random.default_rng(0)
    comparison = Comparison(original, steps, method, tolerance)
    if len(evidence) > _MOST_EVIDENCE:
        evidence = random.choice(evidence, _MOST_EVIDENCE, replace=False)
    usual = [evidence, _drawn(evidence, random)]
    if edges is not None:
        usual += [batch for batch in edges(evidence, random) if len(batch)]
    for batch in (*usual, *_extreme(evidence)):
        want = comparison.check(batch)
        if want is not None:
            some = random.integers(len(batch), size=min(_SINGLE, len(batch)))
            comparison.singly(batch[some], want[some])
    borders = evidence[:0] if method == "transform" else _borders(steps, usual, random)
    if len(borders):
        comparison.check(borders)
    for row in (*evidence[:_SINGLE_BOTH], *borders[:: max(1, len(borders) // _SINGLE_BOTH)]):
        comparison.check(row[np.newaxis])
    return Proof(comparison.rows, comparison.worst, perf_counter() - started)


def _drawn(evidence: Array, random: np.random.Generator) -> Array:
    """Rows in and a little beyond the evidence's range, and mixtures of the evidence's values."""
    numbers = np.where(np.isfinite(evidence), evidence, 0.0)
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    margin = np.maximum((high - low) * 0.2, np.abs(high) * 1e-3)
    uniform = random.uniform(low - margin, high + margin, (_RANDOM, evidence.shape[1]))
    mixed = np.stack([random.choice(column, _RANDOM) for column in evidence.T], axis=1)
    return np.concatenate((uniform, mixed))


def _extreme(evidence: Array) -> Iterator[Array]:
    """Batches with one kind of extreme value each, in one column at a time and in all."""
    columns = np.arange(evidence.shape[1])[:_MOST_COLUMNS]
    usual = evidence[np.arange(len(columns) + 1) % len(evidence)]
    for value in (*_EXTREMES, *_ODD):
        rows = usual.copy()
        rows[columns, columns] = value
        rows[-1] = value
        yield rows


def _borders(steps: tuple[Step, ...], batches: Sequence[Array], random: np.random.Generator) -> Array:
    """Neighbouring rows of different classes, as far as halving gets; none if there are no classes."""
    rows = np.concatenate(batches)
    rows = random.permutation(rows[np.isfinite(rows).all(axis=1)])[:_MOST_EVIDENCE]
    try:
        classes = _class_of(steps, rows) if len(rows) else np.zeros(0)
    except ValueError:  # some are refused, as categories are that an encoder does not know
        return rows[:0]
    first, second = random.integers(len(rows) or 1, size=(2, _PAIRS * 8))
    differ = np.flatnonzero(classes[first] != classes[second])[:_PAIRS] if len(rows) else first[:0]
    if not len(differ):
        return rows[:0]
    low, high, of_low = rows[first[differ]], rows[second[differ]], classes[first[differ]]
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        stays = _class_of(steps, middle) == of_low
        low, high = np.where(stays[:, np.newaxis], middle, low), np.where(stays[:, np.newaxis], high, middle)
    return np.concatenate((low, high, np.nextafter(low, high), np.nextafter(high, low)))


def _class_of(steps: tuple[Step, ...], rows: Array) -> Array:
    answer = run(steps, rows)
    if answer.ndim == 2:
        classes: Array = answer.argmax(axis=1)
        return classes
    return answer if answer.dtype.kind != "f" else answer > 0
