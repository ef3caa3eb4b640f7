"""Models without example rows: what they are asked is made of their own numbers, and real rows agree."""

from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tests.kernels.examples import measurements

from servegraph.kernels import Kernel, compile
from servegraph.kernels.imagining import imagined

CASES = [
    (LogisticRegression(solver="liblinear"), "predict_proba"),
    (make_pipeline(StandardScaler(), LogisticRegression()), "predict"),
    (make_pipeline(SimpleImputer(), "passthrough", RobustScaler(), DecisionTreeClassifier()), "predict_proba"),
    (make_pipeline(make_pipeline(SimpleImputer(), MinMaxScaler()), RandomForestClassifier(5)), "predict"),
    (RandomForestClassifier(10, random_state=0), "predict_proba"),
    (GradientBoostingClassifier(n_estimators=10), "predict"),
    (HistGradientBoostingClassifier(max_iter=10), "predict_proba"),
    (xgboost.XGBClassifier(n_estimators=10, n_jobs=1), "predict_proba"),
    (lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1), "predict"),
    (StandardScaler(with_std=True), "transform"),
    (MaxAbsScaler(), "transform"),
    (Normalizer(), "transform"),
]


@pytest.mark.parametrize(("model", "method"), CASES)
def test_rows_that_were_never_seen_are_answered_as_the_original_does(model: Any, method: str) -> None:
    rows, labels = measurements()
    original = getattr(model.fit(rows, labels), method)

    kernel = compile(model, method, rows=[])

    assert isinstance(kernel, Kernel), kernel.describe()
    assert " rows made from the model (" in kernel.describe()
    want, got = original(rows), kernel(rows)
    if method == "predict_proba":
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)
    else:
        np.testing.assert_array_equal(got, want)


def test_a_booster_tells_how_many_columns_it_takes() -> None:
    rows, labels = measurements()
    model = xgboost.XGBClassifier(n_estimators=10, n_jobs=1).fit(rows, labels).get_booster()

    kernel = compile(model, "predict", rows=[])

    assert isinstance(kernel, Kernel), kernel.describe()
    np.testing.assert_allclose(kernel(rows), model.predict(xgboost.DMatrix(rows)), rtol=0, atol=1e-6)


def test_rows_of_a_tree_lie_where_it_decides() -> None:
    rows, labels = measurements()
    model = DecisionTreeClassifier(random_state=0).fit(rows, labels)

    made = imagined(model, "predict")

    assert made.shape == (512, 30)
    assert len(set(model.apply(made).tolist())) > model.get_n_leaves() / 2
