"""Every kind of model that can be compiled: the kernel's answers are the original's."""

import warnings
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.base import clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tests.kernels.examples import Rows, codes, compiled, flowers, gaps, measurements, patients

from servegraph.kernels import Kernel

SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    MinMaxScaler(),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(),
    Normalizer(),
    Normalizer("l1"),
    Normalizer("max"),
]
ENCODERS = [
    OrdinalEncoder(),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    OneHotEncoder(sparse_output=False),
    OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
    OneHotEncoder(sparse_output=False, drop="first"),
    OneHotEncoder(sparse_output=False, min_frequency=62, handle_unknown="infrequent_if_exist"),
]
SMALL: dict[str, Any] = {"random_state": 0}
CLASSIFIERS = [
    LogisticRegression(),
    SGDClassifier(loss="log_loss", **SMALL),
    DecisionTreeClassifier(**SMALL),
    RandomForestClassifier(12, **SMALL),
    ExtraTreesClassifier(12, **SMALL),
    GradientBoostingClassifier(n_estimators=8, **SMALL),
    HistGradientBoostingClassifier(max_iter=8, **SMALL),
    xgboost.XGBClassifier(n_jobs=1, n_estimators=8),
    xgboost.XGBClassifier(n_jobs=1, n_estimators=2, num_parallel_tree=4, subsample=0.5),
    lightgbm.LGBMClassifier(n_jobs=1, n_estimators=8, verbose=-1),
]
DECIDERS = [LinearSVC(), RidgeClassifier(), Perceptron()]
REGRESSORS = [
    LinearRegression(),
    Ridge(),
    ElasticNet(),
    SGDRegressor(),
    DecisionTreeRegressor(**SMALL),
    RandomForestRegressor(12, **SMALL),
    ExtraTreesRegressor(12, **SMALL),
    GradientBoostingRegressor(n_estimators=8, **SMALL),
    HistGradientBoostingRegressor(max_iter=8, **SMALL),
    HistGradientBoostingRegressor(max_iter=8, loss="poisson", **SMALL),
    xgboost.XGBRegressor(n_jobs=1, n_estimators=8),
    xgboost.XGBRegressor(n_jobs=1, n_estimators=8, objective="count:poisson"),
    lightgbm.LGBMRegressor(n_jobs=1, n_estimators=8, verbose=-1),
    lightgbm.LGBMRegressor(n_jobs=1, n_estimators=8, verbose=-1, objective="poisson"),
]
METHODS = ("predict_proba", "predict", "decision_function")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]


def name(model: Any) -> str:
    return type(model).__name__


def same(kernel: Kernel, model: Any, method: str, rows: Rows) -> None:
    """For all rows at once and one by one: shape, type and values within 1e-6; labels and classes equal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        want = getattr(model, method)(rows)
    got = kernel(rows)
    one_by_one = np.concatenate([kernel(row[np.newaxis]) for row in rows])

    assert got.shape == want.shape
    assert got.dtype == want.dtype
    for answer in (got, one_by_one):
        if want.dtype.kind == "f":
            np.testing.assert_allclose(answer, want, rtol=1e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(answer, want)
    if want.ndim == 2:
        np.testing.assert_array_equal(got.argmax(axis=1), want.argmax(axis=1))


@pytest.mark.parametrize("model", SCALERS, ids=name)
def test_scaler_answers_every_bit(model: Any) -> None:
    rows = measurements()[0]
    model.fit(rows[::2])

    kernel = compiled(model, "transform", rows[::2])

    np.testing.assert_array_equal(kernel(rows), model.transform(rows))


@pytest.mark.parametrize("model", [StandardScaler(), SimpleImputer(), SimpleImputer(add_indicator=True)], ids=name)
def test_transform_of_rows_with_gaps_answers_every_bit(model: Any) -> None:
    rows = gaps()
    model.fit(rows[::2])

    kernel = compiled(model, "transform", rows[::2])

    np.testing.assert_array_equal(kernel(rows), model.transform(rows))


def test_imputer_drops_columns_that_it_never_saw_a_value_of() -> None:
    rows = gaps().copy()
    rows[:, 3] = np.nan
    model = SimpleImputer().fit(rows)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipping features")
        want = model.transform(rows)

    kernel = compiled(model, "transform", rows)

    np.testing.assert_array_equal(kernel(rows), want)
    assert kernel(rows).shape == (569, 29)


@pytest.mark.parametrize("model", ENCODERS, ids=name)
def test_encoder_answers_every_bit(model: Any) -> None:
    rows = codes()[0][:, 4:]
    model.fit(rows[::2])

    kernel = compiled(model, "transform", rows[::2])

    np.testing.assert_array_equal(kernel(rows), model.transform(rows))


def test_encoder_takes_missing_as_a_category() -> None:
    rows = codes()[0][:, 4:].copy()
    rows[::7, 1] = np.nan
    model = OneHotEncoder(sparse_output=False).fit(rows)

    kernel = compiled(model, "transform", rows)

    np.testing.assert_array_equal(kernel(rows), model.transform(rows))
    assert kernel(rows).shape == (300, 16)


@pytest.mark.parametrize("data", [measurements, flowers], ids=["two classes", "three classes"])
@pytest.mark.parametrize("model", [*CLASSIFIERS, *DECIDERS], ids=name)
def test_classifier_answers_the_same(model: Any, data: Any) -> None:
    rows, labels = data()
    model = clone(model).fit(rows[::2], labels[::2])

    for method in METHODS:
        if hasattr(model, method) and not (method == "decision_function" and isinstance(model, xgboost.XGBModel)):
            same(compiled(model, method, rows[::2]), model, method, rows)


@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_regressor_answers_the_same(model: Any) -> None:
    rows, targets = patients()
    model.fit(rows[::2], targets[::2])

    same(compiled(model, "predict", rows[::2]), model, "predict", rows)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(12, random_state=0),
        HistGradientBoostingClassifier(max_iter=8, random_state=0),
        xgboost.XGBClassifier(n_jobs=1, n_estimators=8),
        lightgbm.LGBMClassifier(n_jobs=1, n_estimators=8, verbose=-1),
    ],
    ids=name,
)
def test_trees_know_where_missing_values_go(model: Any) -> None:
    rows, labels = gaps(), measurements()[1]
    model.fit(rows[::2], labels[::2])

    same(compiled(model, "predict_proba", rows[::2]), model, "predict_proba", rows)


@pytest.mark.parametrize("labels", [np.array(["benign", "malignant"]), np.array(["benign", "malignant"], object)])
def test_labels_may_be_texts(labels: Any) -> None:
    rows, numbers = measurements()
    model = RandomForestClassifier(5, random_state=0).fit(rows, labels[numbers])

    same(compiled(model, "predict", rows), model, "predict", rows)


def test_booster_of_xgboost_is_asked_with_a_matrix() -> None:
    rows, labels = measurements()
    booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(rows, labels), 8)

    kernel = compiled(booster, "predict", rows)

    np.testing.assert_allclose(kernel(rows), booster.predict(xgboost.DMatrix(rows)), atol=1e-7)
    assert kernel(rows).dtype == np.float32


def test_booster_of_lightgbm_answers_the_same() -> None:
    rows, labels = flowers()
    settings = {"objective": "multiclass", "num_class": 3, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, labels), 8)

    same(compiled(booster, "predict", rows), booster, "predict", rows)


def test_model_stopped_early_uses_its_best_trees() -> None:
    rows, labels = measurements()
    model = xgboost.XGBClassifier(n_jobs=1, n_estimators=60, early_stopping_rounds=2, learning_rate=0.8)
    model.fit(rows[::2], labels[::2], eval_set=[(rows[1::2], labels[1::2])], verbose=False)

    kernel = compiled(model, "predict_proba", rows)

    assert model.best_iteration < 59
    same(kernel, model, "predict_proba", rows)
    assert f"{model.best_iteration + 1} trees" in kernel.describe()


def test_tree_without_a_split_is_compiled() -> None:
    rows, _ = measurements()
    model = RandomForestClassifier(3, max_depth=1, min_samples_leaf=300, random_state=0).fit(rows, np.arange(569) % 2)

    same(compiled(model, "predict_proba", rows), model, "predict_proba", rows[:20])


@pytest.mark.parametrize("form", ["columns first", "every second", "read only"])
def test_rows_may_lie_in_memory_as_they_please(form: str) -> None:
    rows, labels = measurements()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(rows, labels)
    alone = RandomForestClassifier(5, random_state=0).fit(rows, labels)
    sent = {
        "columns first": np.asfortranarray(rows),
        "every second": np.repeat(rows, 2, axis=0)[::2],
        "read only": np.frombuffer(rows.tobytes()).reshape(rows.shape),
    }[form]

    np.testing.assert_array_equal(compiled(model, "predict_proba", rows)(sent), model.predict_proba(rows))
    np.testing.assert_array_equal(compiled(alone, "predict", rows)(sent), alone.predict(rows))
