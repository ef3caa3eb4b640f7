"""Models made of models, and kernels made of kernels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from tests.kernels.examples import codes, compiled, gaps, measurements


def test_forest_behind_a_scaler_answers_every_bit() -> None:
    rows, labels = measurements()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(12, random_state=0)).fit(rows, labels)

    kernel = compiled(model, "predict_proba", rows)

    np.testing.assert_array_equal(kernel(rows), model.predict_proba(rows))
    assert "12 trees" in kernel.describe()
    assert kernel.proof.worst_difference == 0.0


def test_gaps_are_filled_on_the_way() -> None:
    rows, labels = gaps(), measurements()[1]
    model = make_pipeline(SimpleImputer(), RobustScaler(), HistGradientBoostingClassifier(max_iter=5)).fit(rows, labels)

    np.testing.assert_array_equal(compiled(model, "predict", rows)(rows), model.predict(rows))


def test_logistic_regression_behind_sparse_categories_adds_in_their_order() -> None:
    rows, labels = codes()
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(rows[:, 4:], labels)

    kernel = compiled(model, "decision_function", rows[:, 4:])

    np.testing.assert_array_equal(kernel(rows[:, 4:]), model.decision_function(rows[:, 4:]))


@pytest.mark.parametrize("remainder", ["passthrough", "drop", MinMaxScaler()])
def test_columns_go_their_own_ways(remainder: object) -> None:
    rows, labels = codes()
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("n", numbers, [2, 0]), ("c", OneHotEncoder(), [4, 5])], remainder=remainder)
    model = make_pipeline(columns, LogisticRegression(solver="liblinear")).fit(rows, labels)

    np.testing.assert_allclose(
        compiled(model, "predict_proba", rows)(rows), model.predict_proba(rows), rtol=0, atol=1e-12
    )


def test_columns_by_name_are_found_by_their_place() -> None:
    rows, labels = codes()
    frame = pd.DataFrame(rows, columns=list("abcdefg"))
    columns = ColumnTransformer([("n", StandardScaler(), ["b", "a"]), ("c", OrdinalEncoder(), ["f"])])
    model = make_pipeline(columns, LogisticRegression(solver="liblinear")).fit(frame, labels)

    np.testing.assert_array_equal(compiled(model, "predict", rows)(rows), model.predict(frame))


def test_union_multiplies_by_its_weights() -> None:
    rows = measurements()[0]
    model = FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())], transformer_weights={"b": 3}).fit(rows)

    kernel = compiled(model, "transform", rows)

    np.testing.assert_array_equal(kernel(rows), model.transform(rows))
    assert kernel(rows).shape == (569, 60)
