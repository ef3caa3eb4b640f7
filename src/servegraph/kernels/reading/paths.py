"""Rows that reach the splits of an ensemble and stand on them, just before and just behind.

A row around a threshold says nothing if an earlier split sends it elsewhere. So each is a usual row, moved
as little as it takes to reach the split.
"""

import math

import numpy as np

from servegraph.kernels.reading.edges import neighbours
from servegraph.kernels.reading.trees import Ensemble
from servegraph.kernels.steps.step import Array

_VISITS = 2_000_000  # of trees by rows; what half a second allows the slower originals
_MOST_ROWS = 60_000


def around_splits(ensemble: Ensemble, rows: Array, random: np.random.Generator) -> list[Array]:
    """Eight rows for every split, or for as many, drawn, as there is time to compare; and one with NaN."""
    most = min(_MOST_ROWS, _VISITS // len(ensemble.roots)) // 9
    splits = np.arange(len(ensemble.feature))
    if len(splits) > most:
        splits = np.sort(random.choice(splits, max(most, 100), replace=False))
    parent, said_yes = _parents(ensemble)
    made = rows[random.integers(len(rows), size=len(splits))].copy()
    for row, split in zip(made, splits.tolist(), strict=True):
        _lead(row, _limits(ensemble, parent, said_yes, split))
    missing = made.copy()
    missing[np.arange(len(splits)), ensemble.feature[splits]] = np.nan
    decides = np.isfinite(ensemble.threshold[splits])  # below infinity is everything but NaN
    made, splits = made[decides], splits[decides]
    near = neighbours(ensemble.threshold[splits])
    every: Array = np.repeat(made[:, np.newaxis, :], near.shape[1], axis=1)
    every[np.arange(len(splits)), :, ensemble.feature[splits]] = near
    through = np.isnan(made).any(axis=1)  # some splits are reached by NaN alone
    return [every[~through].reshape(-1, rows.shape[1]), every[through].reshape(-1, rows.shape[1]), missing]


def _parents(ensemble: Ensemble) -> tuple[list[int], list[bool]]:
    """For each split the one before it, or -1, and whether it is on that one's `yes`."""
    parent = np.full(len(ensemble.feature), -1)
    said_yes = np.zeros(len(parent), np.bool_)
    for ways, yes in ((ensemble.yes, True), (ensemble.no, False)):
        splits = np.flatnonzero(ways >= 0)
        parent[ways[splits]] = splits
        said_yes[ways[splits]] = yes
    return parent.tolist(), said_yes.tolist()


def _limits(ensemble: Ensemble, parent: list[int], said_yes: list[bool], split: int) -> dict[int, tuple[float, float]]:
    """For each feature the open interval that leads to the split."""
    limits: dict[int, tuple[float, float]] = {}
    while parent[split] >= 0:
        above = parent[split]
        feature, threshold = int(ensemble.feature[above]), float(ensemble.threshold[above])
        low, high = limits.get(feature, (-math.inf, math.inf))
        limits[feature] = (low, min(high, threshold)) if said_yes[split] else (max(low, threshold), high)
        split = above
    return limits


def _lead(row: Array, limits: dict[int, tuple[float, float]]) -> None:
    """Moves the features that are outside of their limits; between limits that leave nothing, only NaN passes."""
    for feature, (low, high) in limits.items():
        if not low < high:
            row[feature] = math.nan
        elif low < row[feature] < high:
            continue
        elif math.isinf(low):
            row[feature] = high - max(1e-3 * abs(high), 1e-30)
        elif math.isinf(high):
            row[feature] = low + max(1e-3 * abs(low), 1e-30)
        else:
            row[feature] = low + (high - low) / 2
