"""Decision trees and forests of scikit-learn.

They round rows to float32 and compare them with float64 thresholds. A tree's probabilities are float64,
and a forest adds them tree by tree.
"""

from functools import partial
from typing import Any

import numpy as np

from servegraph.kernels.reading.graph import averaged, summed
from servegraph.kernels.reading.paths import around_splits
from servegraph.kernels.reading.reading import Reading, Unreadable, labels, no_such
from servegraph.kernels.reading.trees import Tree, inner
from servegraph.kernels.steps import Arithmetic, Flat, Largest, Narrow, Step
from servegraph.kernels.steps.step import Array

NAMES = (
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
)


def read(model: Any, method: str) -> Reading:
    """`predict`, and `predict_proba` of classifiers."""
    if model.n_outputs_ != 1:
        raise Unreadable("it answers several outputs a row")
    grown = [tree.tree_ for tree in getattr(model, "estimators_", [model])]
    pairs = [tree_of(tree) for tree in grown]
    trees, values = [tree for tree, _ in pairs], np.concatenate([values for _, values in pairs])
    kind = type(model).__name__
    steps: tuple[Step, ...]
    if kind.endswith("Classifier"):
        if method not in ("predict", "predict_proba"):
            raise no_such(kind, method)
        ensemble, means = averaged(trees, values)
        classes = labels(model.classes_)
        steps = (Narrow(wide=False), means, *((Largest(classes),) if method == "predict" else ()))
    else:
        if method != "predict":
            raise no_such(kind, method)
        ensemble, sums = summed(trees, values[:, 0], np.zeros(len(trees), np.int64), np.zeros(1), narrow=True)
        steps = (Narrow(wide=True), sums, Arithmetic("/", np.array(float(len(trees)))), Flat())
    return Reading(steps, partial(around_splits, ensemble), narrow=True)


def tree_of(tree: Any) -> tuple[Tree, Array]:
    """The tree, and (leaves, outputs) what its leaves hold."""
    nodes, yes, no, leaves = inner(tree.children_left, tree.children_right, tree.children_left == -1)
    missing = tree.__getstate__()["nodes"]["missing_go_to_left"][nodes] != 0
    values = tree.value[leaves, 0, :].astype(np.float64)
    return Tree(tree.feature[nodes], tree.threshold[nodes], yes, no, missing, len(leaves)), values
