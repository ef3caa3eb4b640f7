"""LightGBM, from the model as text: for each tree, arrays of numbers in a line each.

It compares float64 `row <= threshold` and adds leaves in float64. NaN goes where the split says, or, at
splits that saw none, counts as zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading.graph import summed
from servegraph.kernels.reading.paths import around_splits
from servegraph.kernels.reading.reading import Reading, Unreadable, labels, no_such
from servegraph.kernels.reading.trees import Tree
from servegraph.kernels.steps import Arithmetic, Exponential, Flat, Largest, Logistic, Pair, Softmax, Step
from servegraph.kernels.steps.step import Array

_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 12  # bits of a decision's type
_MISSING_IS_ZERO, _MISSING_IS_NAN = 4, 8
_IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg")
_EXPONENTIAL = ("poisson", "gamma", "tweedie")


def _booster(model: Any, method: str) -> Reading:
    """`predict`: the number or numbers of the objective."""
    if method != "predict":
        raise no_such("Booster", method)
    # A wrong width is not asked for: the library prints a line when it refuses that.
    return replace(_reading(model, lambda links: links), asks=("nan", "infinite", "large", "empty"))


def _regressor(model: Any, method: str) -> Reading:
    """`predict`."""
    if method != "predict":
        raise no_such(type(model).__name__, method)
    return _reading(model.booster_, lambda links: links)


def _classifier(model: Any, method: str) -> Reading:
    """`predict`, `predict_proba` and `decision_function`."""
    classes = labels(model.classes_)
    match method:
        case "predict":
            last: tuple[Step, ...] = (Largest(classes),)
        case "predict_proba":
            last = ()
        case "decision_function":
            return _reading(model.booster_, lambda links: (Flat(),) if len(classes) == 2 else ())
        case _:
            raise no_such(type(model).__name__, method)
    both = (Pair(),) if len(classes) == 2 else ()
    return _reading(model.booster_, lambda links: (*links, *both, *last))


def _reading(booster: Any, finish: Callable[[tuple[Step, ...]], tuple[Step, ...]]) -> Reading:
    head, *blocks = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    facts = _facts(head)
    pairs = [_tree(_facts(block)) for block in blocks]
    if not pairs:
        raise Unreadable("it has no trees")
    width = int(facts["num_tree_per_iteration"])
    values = np.concatenate([values for _, values in pairs])
    targets = np.arange(len(pairs)) % width
    ensemble, sums = summed([tree for tree, _ in pairs], values, targets, np.zeros(width))
    steps: tuple[Step, ...] = (sums,)
    if "average_output" in facts:
        steps = (sums, Arithmetic("/", np.array(float(len(pairs) // width))))
    return Reading((*steps, *finish(_links(facts.get("objective", "")))), partial(around_splits, ensemble))


def _facts(block: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in block.splitlines())


def _links(objective: str) -> tuple[Step, ...]:
    name, *rest = objective.split()
    settings = dict(setting.partition(":")[::2] for setting in rest)
    if name in _IDENTITY and not rest:
        return (Flat(),)
    if name in _EXPONENTIAL:
        return (Flat(), Exponential())
    if name == "cross_entropy":
        return (Flat(), Logistic())
    if name == "binary":
        return (Flat(), Logistic(float(settings["sigmoid"])))
    if name == "multiclass":
        return (Softmax(),)
    if name == "multiclassova":
        return (Logistic(float(settings["sigmoid"])),)
    raise Unreadable(f"there is no kernel for the objective {objective}")


def _tree(facts: Mapping[str, str]) -> tuple[Tree, Array]:
    if facts["is_linear"] != "0":
        raise Unreadable("its leaves are linear models")
    values = _numbers(facts, "leaf_value", np.float64)
    kinds = _numbers(facts, "decision_type", np.int64)
    if (kinds & _CATEGORICAL).any():
        raise Unreadable("it splits by categories")
    missing = kinds & _MISSING
    if (missing == _MISSING_IS_ZERO).any():
        raise Unreadable("zero counts as missing")
    threshold = _numbers(facts, "threshold", np.float64)
    tree = Tree(
        _numbers(facts, "split_feature", np.int64),
        threshold,
        _numbers(facts, "left_child", np.int64),
        _numbers(facts, "right_child", np.int64),
        np.where(missing == _MISSING_IS_NAN, kinds & _DEFAULT_LEFT != 0, threshold >= 0),
        len(values),
    )
    return tree, values


def _numbers(facts: Mapping[str, str], name: str, kind: type) -> Array:
    return np.array(facts.get(name, "").split(), kind)


READERS: Final[Mapping[str, Callable[[Any, str], Reading]]] = MappingProxyType(
    {
        "Booster": _booster,
        "LGBMRegressor": _regressor,
        "LGBMRanker": _regressor,
        "LGBMClassifier": _classifier,
    }
)
