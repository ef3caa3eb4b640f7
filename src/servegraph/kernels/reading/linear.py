"""Linear models of scikit-learn."""

from dataclasses import replace
from typing import Any

import numpy as np

from servegraph.kernels.reading.reading import Reading, Unreadable, labels, no_such
from servegraph.kernels.steps import Above, Dense, InOrder, Largest, Logistic, Pair, Shares, Softmax, Step
from servegraph.kernels.steps.step import Array

CLASSIFIERS = (
    "LogisticRegression",
    "LogisticRegressionCV",
    "SGDClassifier",
    "LinearSVC",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "Perceptron",
)
REGRESSORS = (
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "SGDRegressor",
    "LinearSVR",
    "HuberRegressor",
    "BayesianRidge",
)


def regressor(model: Any, method: str) -> Reading:
    """`predict`."""
    if method != "predict":
        raise no_such(type(model).__name__, method)
    return Reading((Dense(_weights(model), np.asarray(model.intercept_, np.float64)),))


def classifier(model: Any, method: str) -> Reading:
    """`predict`, `decision_function`, and `predict_proba` where the probabilities are logistic."""
    weights, intercept, classes = _weights(model), np.asarray(model.intercept_, np.float64), labels(model.classes_)
    binary = weights.ndim == 1 or len(weights) == 1
    if (1 if binary else len(weights)) != (1 if len(classes) == 2 else len(classes)):
        raise Unreadable("it has another number of weights than of classes")
    scores = Dense(weights.reshape(-1) if binary else weights, intercept)
    match method:
        case "decision_function":
            return Reading((scores,))
        case "predict":
            return Reading((scores, Above(classes) if binary else Largest(classes)))
        case "predict_proba":
            return Reading((scores, *_probabilities(model, binary)))
    raise no_such(type(model).__name__, method)


def for_sparse(reading: Reading) -> Reading:
    """The same model for rows that the original gets as a sparse matrix."""
    steps = tuple(InOrder(step.weights, step.intercept) if isinstance(step, Dense) else step for step in reading.steps)
    return replace(reading, steps=steps)


def _probabilities(model: Any, binary: bool) -> tuple[Step, ...]:
    kind = type(model).__name__
    if kind == "SGDClassifier" and model.loss != "log_loss":
        raise Unreadable(f"there is no kernel for probabilities of the loss {model.loss}")
    if binary:
        return (Logistic(), Pair())
    return (Logistic(), Shares()) if kind == "SGDClassifier" else (Softmax(),)


def _weights(model: Any) -> Array:
    if not isinstance(model.coef_, np.ndarray):
        raise Unreadable("its weights are sparse")
    return model.coef_
