"""Gradient boosting of scikit-learn, both kinds.

The older one rounds rows to float32, the histogram's compares float64. Both begin with a constant and
add tree after tree in float64.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading.forests import tree_of
from servegraph.kernels.reading.graph import summed
from servegraph.kernels.reading.paths import around_splits
from servegraph.kernels.reading.reading import Reading, Unreadable, labels, no_such
from servegraph.kernels.reading.trees import Tree, inner
from servegraph.kernels.steps import Above, Exponential, Flat, Largest, Logistic, Narrow, Pair, Softmax, Step
from servegraph.kernels.steps.step import Array

_EXPONENTIAL = ("poisson", "gamma")  # losses whose numbers are logarithms


def _boosting(model: Any, method: str) -> Reading:
    """`predict`, and of classifiers `predict_proba` and `decision_function`."""
    if type(model.init_).__name__ not in ("DummyClassifier", "DummyRegressor", "str"):
        raise Unreadable(f"it begins with a {type(model.init_).__name__}")
    pairs = [tree_of(tree.tree_) for stage in model.estimators_ for tree in stage]
    values = np.concatenate([values[:, 0] for _, values in pairs]) * model.learning_rate
    width = model.estimators_.shape[1]
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))[0]
    ensemble, sums = summed([tree for tree, _ in pairs], values, _targets(len(pairs), width), start, narrow=True)
    answers = _answers(model, method, width, inclusive=True)
    return Reading((Narrow(wide=True), sums, *answers), partial(around_splits, ensemble), narrow=True)


def _histogram(model: Any, method: str) -> Reading:
    """The same methods."""
    if model.is_categorical_ is not None and model.is_categorical_.any():
        raise Unreadable("it splits by categories")
    grown = [predictor.nodes for stage in model._predictors for predictor in stage]
    pairs = [_histogram_tree(nodes) for nodes in grown]
    values = np.concatenate([values for _, values in pairs])
    width = model.n_trees_per_iteration_
    start = np.asarray(model._baseline_prediction, np.float64).reshape(-1)
    ensemble, sums = summed([tree for tree, _ in pairs], values, _targets(len(pairs), width), start)
    steps = (sums, *_answers(model, method, width, inclusive=False))
    return Reading(steps, partial(around_splits, ensemble))


def _histogram_tree(nodes: Array) -> tuple[Tree, Array]:
    splits, yes, no, leaves = inner(
        nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), nodes["is_leaf"] != 0
    )
    tree = Tree(
        nodes["feature_idx"][splits],
        nodes["num_threshold"][splits],
        yes,
        no,
        nodes["missing_go_to_left"][splits] != 0,
        len(leaves),
    )
    return tree, nodes["value"][leaves]


def _targets(trees: int, width: int) -> Array:
    """Trees take turns."""
    return np.arange(trees) % width


def _answers(model: Any, method: str, width: int, inclusive: bool) -> tuple[Step, ...]:
    """What comes after the sums.

    Args:
        inclusive: a sum of zero means the second of two classes.
    """
    kind = type(model).__name__
    if kind.endswith("Regressor"):
        if method != "predict":
            raise no_such(kind, method)
        return (Flat(), Exponential()) if model.loss in _EXPONENTIAL else (Flat(),)
    match method, width:
        case "decision_function", 1:
            return (Flat(),)
        case "decision_function", _:
            return ()
        case "predict", 1:
            return (Flat(), Above(labels(model.classes_), inclusive=inclusive))
        case "predict", _:
            return (Largest(labels(model.classes_)),)
        case "predict_proba", 1:
            return (Flat(), Logistic(2.0 if model.loss == "exponential" else 1.0), Pair())
        case "predict_proba", _:
            return (Softmax(),)
    raise no_such(kind, method)


READERS: Final[Mapping[str, Callable[[Any, str], Reading]]] = MappingProxyType(
    {
        "GradientBoostingClassifier": _boosting,
        "GradientBoostingRegressor": _boosting,
        "HistGradientBoostingClassifier": _histogram,
        "HistGradientBoostingRegressor": _histogram,
    }
)
