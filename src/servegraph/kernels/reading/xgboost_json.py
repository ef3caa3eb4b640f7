"""XGBoost, from the model as JSON, whose format is documented.

It rounds rows and compares `row < threshold`, NaN is missing, and adds leaves, all in float32.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading.graph import summed
from servegraph.kernels.reading.paths import around_splits
from servegraph.kernels.reading.reading import Reading, Unreadable, no_such
from servegraph.kernels.reading.trees import Tree, inner
from servegraph.kernels.steps import (
    Above,
    Exponential,
    Flat,
    Largest,
    Narrow,
    NarrowLogistic,
    NarrowSoftmax,
    Pair,
    Step,
)
from servegraph.kernels.steps.step import Array

_IDENTITY = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "binary:logitraw",
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
)
_LOGISTIC = ("binary:logistic", "reg:logistic")
_EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie")
_SOFTMAX = ("multi:softprob",)


def _booster(model: Any, method: str) -> Reading:
    """`predict`: the number or numbers of the objective."""
    if method != "predict":
        raise no_such("Booster", method)
    document = _document(model)
    return _reading(document, len(_trees(document)), _links(_objective(document)))


def _classifier(model: Any, method: str) -> Reading:
    """`predict` and `predict_proba`."""
    document = _checked(model)
    objective = _objective(document)
    if objective not in (*_SOFTMAX, "binary:logistic"):
        raise Unreadable(f"there is no kernel for a classifier with the objective {objective}")
    binary = objective == "binary:logistic"
    links = _links(objective)
    classes = np.arange(2 if binary else _groups(document))
    match method:
        case "predict":
            links = (*links, Above(classes, 0.5) if binary else Largest(classes))
        case "predict_proba":
            links = (*links, Pair()) if binary else links
        case _:
            raise no_such(type(model).__name__, method)
    return _reading(document, _used(model, document), links)


def _regressor(model: Any, method: str) -> Reading:
    """`predict`."""
    if method != "predict":
        raise no_such(type(model).__name__, method)
    document = _checked(model)
    return _reading(document, _used(model, document), _links(_objective(document)))


def _reading(document: Any, used: int, links: tuple[Step, ...]) -> Reading:
    """The steps of the first `used` trees."""
    pairs = [_tree(tree) for tree in _trees(document)[:used]]
    targets = np.array(_content(document)["tree_info"][:used], np.int64)
    values = np.concatenate([values for _, values in pairs])
    trees = [tree for tree, _ in pairs]
    ensemble, sums = summed(trees, values, targets, _start(document), strict=True, narrow=True)
    return Reading((Narrow(wide=False), sums, *links), partial(around_splits, ensemble), narrow=True)


def _links(objective: str) -> tuple[Step, ...]:
    if objective in _IDENTITY:
        return (Flat(),)
    if objective in _LOGISTIC:
        return (Flat(), NarrowLogistic())
    if objective in _EXPONENTIAL:
        return (Flat(), Exponential())
    if objective in _SOFTMAX:
        return (NarrowSoftmax(),)
    raise Unreadable(f"there is no kernel for the objective {objective}")


def _start(document: Any) -> Array:
    """(groups,) what the sums begin with: the base score, before the objective's link."""
    text = document["learner"]["learner_model_param"]["base_score"]
    scores = np.array(json.loads(text) if text.startswith("[") else [float(text)], np.float32)
    objective = _objective(document)
    if objective in _LOGISTIC:
        scores = -np.log((np.float32(1) / scores - np.float32(1)).astype(np.float64))
    elif objective in _EXPONENTIAL:
        scores = np.log(scores.astype(np.float64))
    return np.broadcast_to(scores.astype(np.float32), _groups(document)).copy()


def _tree(tree: Any) -> tuple[Tree, Array]:
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise Unreadable("its leaves hold several numbers")
    if any(tree["split_type"]):
        raise Unreadable("it splits by categories")
    left = np.array(tree["left_children"])
    nodes, yes, no, leaves = inner(left, np.array(tree["right_children"]), left == -1)
    conditions = np.array(tree["split_conditions"], np.float32)
    features = np.array(tree["split_indices"])[nodes]
    missing = np.array(tree["default_left"])[nodes] != 0
    return Tree(features, conditions[nodes], yes, no, missing, len(leaves)), conditions[leaves]


def _document(booster: Any) -> Any:
    document = json.loads(bytes(booster.save_raw("json")))
    kind = document["learner"]["gradient_booster"]["name"]
    if kind != "gbtree":
        raise Unreadable(f"there is no kernel for the booster {kind}")
    if any(weight != 1 for weight in document["learner"]["gradient_booster"]["model"].get("weight_drop", ())):
        raise Unreadable("it weights its trees, as dart does")
    if int(document["learner"]["learner_model_param"].get("num_target", 1)) > 1:
        raise Unreadable("it answers several outputs a row")
    return document


def _checked(model: Any) -> Any:
    """The document of a model with scikit-learn's interface."""
    if not (isinstance(model.missing, float) and math.isnan(model.missing)):
        raise Unreadable(f"its missing values are {model.missing!r}, not NaN")
    if callable(model.objective):
        raise Unreadable("its objective is a function of its own")
    return _document(model.get_booster())


def _used(model: Any, document: Any) -> int:
    """Trees up to the best round, if training stopped early."""
    best = model.get_booster().attr("best_iteration")
    if best is None:
        return len(_trees(document))
    return int(_content(document)["iteration_indptr"][int(best) + 1])


def _content(document: Any) -> Any:
    return document["learner"]["gradient_booster"]["model"]


def _trees(document: Any) -> Any:
    return _content(document)["trees"]


def _objective(document: Any) -> str:
    return str(document["learner"]["objective"]["name"])


def _groups(document: Any) -> int:
    return max(1, int(document["learner"]["learner_model_param"]["num_class"]))


READERS: Final[Mapping[str, Callable[[Any, str], Reading]]] = MappingProxyType(
    {
        "Booster": _booster,
        "XGBClassifier": _classifier,
        "XGBRFClassifier": _classifier,
        "XGBRegressor": _regressor,
        "XGBRFRegressor": _regressor,
        "XGBRanker": _regressor,
    }
)
