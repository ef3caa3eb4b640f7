"""What a kernel is made of: plain data that can be called and written to a file.

A step takes rows and gives rows, numbers a row, or labels. Steps keep nothing between calls, so any
number of threads may call one. They are written without scikit-learn, XGBoost and LightGBM, and must
stay so: a kernel that comes from a file starts without them.
"""

from collections.abc import Iterable
from typing import Any

from servegraph.kernels.steps.arithmetic import Affine, Arithmetic, Clip, Normalize
from servegraph.kernels.steps.beside import Beside
from servegraph.kernels.steps.categories import OneHot, Recode
from servegraph.kernels.steps.guard import Guard
from servegraph.kernels.steps.labels import Above, Largest
from servegraph.kernels.steps.linear import Dense, InOrder
from servegraph.kernels.steps.links import (
    Exponential,
    Flat,
    Logistic,
    NarrowLogistic,
    NarrowSoftmax,
    Pair,
    Shares,
    Softmax,
)
from servegraph.kernels.steps.missing import Fill
from servegraph.kernels.steps.step import Step, run
from servegraph.kernels.steps.trees import LeafMeans, LeafSums, Narrow

STEPS = (
    Above,
    Affine,
    Arithmetic,
    Beside,
    Clip,
    Dense,
    Exponential,
    Fill,
    Flat,
    Guard,
    InOrder,
    Largest,
    LeafMeans,
    LeafSums,
    Logistic,
    Narrow,
    NarrowLogistic,
    NarrowSoftmax,
    Normalize,
    OneHot,
    Pair,
    Recode,
    Shares,
    Softmax,
)
"""Every kind of step, for reading them from a file."""


def every(steps: Iterable[Step]) -> Iterable[Any]:
    """The steps, and those inside of them."""
    for step in steps:
        yield step
        if isinstance(step, Beside):
            for branch in step.branches:
                yield from every(branch.steps)


__all__ = [
    "STEPS",
    "Above",
    "Affine",
    "Arithmetic",
    "Beside",
    "Clip",
    "Dense",
    "Exponential",
    "Fill",
    "Flat",
    "Guard",
    "InOrder",
    "Largest",
    "LeafMeans",
    "LeafSums",
    "Logistic",
    "Narrow",
    "NarrowLogistic",
    "NarrowSoftmax",
    "Normalize",
    "OneHot",
    "Pair",
    "Recode",
    "Shares",
    "Softmax",
    "Step",
    "every",
    "run",
]
