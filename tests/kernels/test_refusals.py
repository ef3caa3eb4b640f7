"""What is not compiled says why; what an original refuses, its kernel refuses in the same words."""

from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from tests.kernels.examples import codes, compiled, measurements

from servegraph.kernels import Refusal, compile


class OwnScaler(StandardScaler):  # type: ignore[misc]
    """Could answer anything."""


def refusal(model: Any, method: str, rows: Any) -> str:
    made = compile(model, method, rows=[rows])
    assert isinstance(made, Refusal), made.describe()
    return made.describe()


def outcome(ask: Any, rows: Any) -> Any:
    """The answer, or what a refusal says."""
    try:
        return ask(rows)
    except ValueError as refused:
        return str(refused)


CASES = {
    "not compiled: there is no kernel for sklearn.SVC": (SVC(), "predict"),
    "not compiled: there is no kernel for sklearn.PCA": (make_pipeline(PCA(), LogisticRegression()), "predict"),
    "not compiled: there is no kernel for sklearn.CalibratedClassifierCV": (
        CalibratedClassifierCV(LogisticRegression(solver="liblinear"), cv=2),
        "predict",
    ),
    "not compiled: there is no kernel for tests.OwnScaler": (OwnScaler(), "transform"),
    "not compiled: there is no kernel for apply of DecisionTreeClassifier": (DecisionTreeClassifier(), "apply"),
    "not compiled: there is no kernel for probabilities of the loss modified_huber": (
        SGDClassifier(loss="modified_huber"),
        "predict_proba",
    ),
    "not compiled: it begins with a LogisticRegression": (
        GradientBoostingClassifier(n_estimators=2, init=LogisticRegression(solver="liblinear")),
        "predict",
    ),
    "not compiled: it splits by categories": (
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[6]),
        "predict",
    ),
    "not compiled: its missing values are 0, not NaN": (
        xgboost.XGBClassifier(n_jobs=1, n_estimators=2, missing=0),
        "predict",
    ),
    "not compiled: there is no kernel for the booster gblinear": (
        xgboost.XGBClassifier(n_jobs=1, n_estimators=2, booster="gblinear"),
        "predict",
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*gblinear")
@pytest.mark.parametrize("why", CASES)
def test_model_without_a_kernel_says_why(why: str) -> None:
    model, method = CASES[why]
    rows, labels = codes()

    assert refusal(model.fit(rows, labels), method, rows) == why


def test_function_of_its_own_is_not_compiled() -> None:
    rows, labels = codes()
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(solver="liblinear")).fit(rows, labels)

    assert refusal(model, "predict", rows) == "not compiled: there is no kernel for sklearn.FunctionTransformer"


def test_sparse_answer_is_not_compiled() -> None:
    rows = codes()[0][:, 4:]

    assert refusal(OneHotEncoder().fit(rows), "transform", rows) == "not compiled: it answers a sparse matrix"


def test_answer_that_is_a_frame_is_not_compiled() -> None:
    rows = measurements()[0]
    model = StandardScaler().set_output(transform="pandas").fit(rows)

    assert refusal(model, "transform", rows) == "not compiled: it answers a DataFrame, not an array"


def test_several_outputs_are_not_compiled() -> None:
    rows, labels = measurements()
    model = RandomForestClassifier(2).fit(rows, np.stack([labels, labels], axis=1))

    assert refusal(model, "predict", rows) == "not compiled: it answers several outputs a row"


def test_categories_that_are_texts_are_not_compiled() -> None:
    rows = np.array([["a"], ["b"]], object)
    model = ColumnTransformer([("c", OneHotEncoder(sparse_output=False), [0])]).fit(rows)

    assert "not compiled: " in refusal(model, "transform", np.zeros((2, 1)))


def test_model_that_is_not_fitted_is_not_compiled() -> None:
    said = refusal(RandomForestClassifier(), "predict", measurements()[0])

    assert said.startswith("not compiled: it cannot be read or asked: NotFittedError: This RandomForestClassifier")


@pytest.mark.parametrize(
    "model",
    [
        OneHotEncoder(sparse_output=False),
        ColumnTransformer([("scaled", StandardScaler(), [0, 1])]),
        make_pipeline(OrdinalEncoder(), LogisticRegression()),
        StandardScaler(with_mean=False, with_std=False),
    ],
)
def test_without_rows_there_is_no_proof_unless_the_model_tells_what_they_are(model: Any) -> None:
    rows, labels = codes()
    method = "predict" if hasattr(model, "predict") else "transform"
    why = "not compiled: there are no example rows to prove it with, and nothing in it tells what they look like"
    assert refusal(model.fit(rows[:, 4:], labels), method, np.zeros((0, 3))) == why


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (StandardScaler(), "transform"),
        (LogisticRegression(solver="liblinear"), "predict_proba"),
        (RandomForestClassifier(3), "predict_proba"),
        (GradientBoostingClassifier(n_estimators=2), "predict"),
        (xgboost.XGBClassifier(n_jobs=1, n_estimators=2), "predict_proba"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("odd", ["nan", "infinity", "large", "narrower", "wider", "none"])
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_kernel_refuses_what_the_original_refuses_in_its_words(model: Any, method: str, odd: str) -> None:
    rows, labels = measurements()
    model.fit(rows[:, :29], labels)
    kernel = compiled(model, method, rows[:, :29])
    sent = rows[:3, :29].copy()
    match odd:
        case "nan" | "infinity" | "large":
            sent[1, 5] = {"nan": np.nan, "infinity": -np.inf, "large": 1e300}[odd]
        case "narrower":
            sent = rows[:3, :20]
        case "wider":
            sent = rows[:3]
        case "none":
            sent = sent[:0]

    want = outcome(getattr(model, method), sent)
    if odd == "none" and isinstance(model, xgboost.XGBModel):
        want = "there is no row"  # XGBoost answers an array of no shape that means something

    got = outcome(kernel, sent)

    if isinstance(want, str):
        assert got == want
    else:
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)


def test_unknown_category_is_refused_in_the_words_of_the_original() -> None:
    rows = codes()[0][:, 4:]
    kernel = compiled(OrdinalEncoder().fit(rows), "transform", rows)

    with pytest.raises(ValueError, match=r"Found unknown categories \[7\.5\] in column 1 during transform"):
        kernel(np.array([[1.0, 2.0, 3.0], [1.0, 7.5, 3.0]]))


def test_kernel_takes_only_float64_in_two_dimensions() -> None:
    rows = measurements()[0]
    kernel = compiled(StandardScaler().fit(rows), "transform", rows)

    for wrong in (rows[0], rows.astype(np.float32), rows.astype(object)):
        with pytest.raises(TypeError, match="a kernel takes rows of float64 in two dimensions"):
            kernel(wrong)
