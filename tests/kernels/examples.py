"""Rows to fit models with, and a kernel that must come out."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.kernels import Kernel, compile

Rows = NDArray[np.float64]


@cache
def measurements() -> tuple[Rows, NDArray[np.int64]]:
    """569 rows of 30 measurements, two classes."""
    from sklearn.datasets import load_breast_cancer

    rows, labels = load_breast_cancer(return_X_y=True)
    return rows, labels


@cache
def flowers() -> tuple[Rows, NDArray[np.int64]]:
    """150 rows of 4 measurements, three classes."""
    from sklearn.datasets import load_iris

    rows, labels = load_iris(return_X_y=True)
    return rows, labels


@cache
def patients() -> tuple[Rows, NDArray[np.float64]]:
    """442 rows of 10 numbers, and a number to predict."""
    from sklearn.datasets import load_diabetes

    rows, targets = load_diabetes(return_X_y=True)
    return rows, targets


@cache
def gaps() -> Rows:
    """The measurements, every tenth value missing."""
    rows = measurements()[0].copy()
    rows[np.random.default_rng(0).random(rows.shape) < 0.1] = np.nan
    return rows


@cache
def codes() -> tuple[Rows, NDArray[np.int64]]:
    """300 rows of 4 numbers and 3 categories from 0 to 4, two classes."""
    random = np.random.default_rng(0)
    categories = random.integers(0, 5, (300, 3)).astype(np.float64)
    labels = (categories.sum(axis=1) + random.normal(size=300) > 6).astype(np.int64)
    return np.concatenate((measurements()[0][:300, :4], categories), axis=1), labels


def compiled(model: Any, method: str, rows: Rows) -> Kernel:
    """The kernel; its refusal is a failure."""
    outcome = compile(model, method, rows=[rows])
    assert isinstance(outcome, Kernel), outcome.describe()
    return outcome
