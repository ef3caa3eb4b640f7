"""The proof finds what is wrong: kernels that are sabotaged in the smallest way are refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.kernels.examples import codes, compiled, gaps, measurements

from servegraph.kernels import Refusal, compile
from servegraph.kernels.asking import guard
from servegraph.kernels.proving import Counterexample, Original, prove
from servegraph.kernels.reading import forests, gradient, lightgbm_text, read, xgboost_json
from servegraph.kernels.reading.trees import Tree
from servegraph.kernels.steps import Affine, Arithmetic, Dense, OneHot

Change = Callable[[Tree, Any], tuple[Tree, Any]]


def nudged(towards: float, kind: Any, which: int = -1) -> Change:
    """One threshold of each tree moves to the next number but one."""

    def change(tree: Tree, values: Any) -> tuple[Tree, Any]:
        threshold = tree.threshold.copy()
        last = np.flatnonzero(np.isfinite(threshold))[which]
        for _ in range(2):  # the first step may only make up for the rounding
            threshold[last] = np.nextafter(kind(threshold[last]), kind(towards))
        return replace(tree, threshold=threshold), values

    return change


def turned(tree: Tree, values: Any) -> tuple[Tree, Any]:
    """Missing values go the other way at one split."""
    missing = tree.missing_yes.copy()
    missing[0] = not missing[0]
    return replace(tree, missing_yes=missing), values


def raised(tree: Tree, values: Any) -> tuple[Tree, Any]:
    """One leaf holds a little more."""
    changed = values.copy()
    changed[0] += 1e-4
    return tree, changed


def sabotage(patch: pytest.MonkeyPatch, module: Any, name: str, change: Change) -> None:
    """Every tree is read with the change."""
    original = getattr(module, name)
    patch.setattr(module, name, lambda tree: change(*original(tree)))


@pytest.mark.parametrize(
    "change",
    [nudged(np.inf, np.float32), nudged(-np.inf, np.float32), turned, raised],
    ids=["up", "down", "missing", "leaf"],
)
def test_sabotaged_forest_is_refused(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    rows, labels = gaps(), measurements()[1]
    model = RandomForestClassifier(5, random_state=0).fit(rows, labels)
    sabotage(monkeypatch, forests, "tree_of", change)

    outcome = compile(model, "predict_proba", rows=[rows])

    assert isinstance(outcome, Refusal)
    assert "the original answers [" in outcome.why


@pytest.mark.parametrize("towards", [np.inf, -np.inf], ids=["up", "down"])
def test_histogram_with_a_threshold_off_by_the_last_bit_is_refused(
    monkeypatch: pytest.MonkeyPatch, towards: float
) -> None:
    rows, labels = measurements()
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, labels)
    sabotage(monkeypatch, gradient, "_histogram_tree", nudged(towards, np.float64))

    outcome = compile(model, "predict_proba", rows=[rows])

    assert isinstance(outcome, Refusal)
    assert "the original answers [" in outcome.why


@pytest.mark.parametrize(
    ("module", "model", "change"),
    [
        (xgboost_json, xgboost.XGBClassifier(n_jobs=1, n_estimators=3), nudged(np.inf, np.float32)),
        (xgboost_json, xgboost.XGBClassifier(n_jobs=1, n_estimators=3), nudged(-np.inf, np.float32)),
        (xgboost_json, xgboost.XGBClassifier(n_jobs=1, n_estimators=3), turned),
        (lightgbm_text, lightgbm.LGBMClassifier(n_jobs=1, n_estimators=3, verbose=-1), nudged(np.inf, np.float64, 0)),
        (lightgbm_text, lightgbm.LGBMClassifier(n_jobs=1, n_estimators=3, verbose=-1), nudged(-np.inf, np.float64, 0)),
        (lightgbm_text, lightgbm.LGBMClassifier(n_jobs=1, n_estimators=3, verbose=-1), turned),
    ],
    ids=["xgboost up", "xgboost down", "xgboost missing", "lightgbm up", "lightgbm down", "lightgbm missing"],
)
def test_sabotaged_booster_is_refused(monkeypatch: pytest.MonkeyPatch, module: Any, model: Any, change: Change) -> None:
    rows, labels = gaps(), measurements()[1]
    model.fit(rows, labels)
    sabotage(monkeypatch, module, "_tree", change)

    assert isinstance(compile(model, "predict_proba", rows=[rows]), Refusal)


def test_one_wrong_tree_of_a_hundred_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = measurements()
    model = RandomForestClassifier(100, random_state=0).fit(rows, labels)
    trees = [tree.tree_ for tree in model.estimators_]
    change = nudged(np.inf, np.float32)
    sabotage(
        monkeypatch, forests, "tree_of", lambda tree, values: change(tree, values) if not trees else (tree, values)
    )
    original = forests.tree_of

    def only_the_last(tree: Any) -> Any:
        trees.pop(0)
        return original(tree)

    monkeypatch.setattr(forests, "tree_of", only_the_last)

    assert isinstance(compile(model, "predict_proba", rows=[rows]), Refusal)


def test_scaler_off_by_the_last_bit_is_refused() -> None:
    rows = measurements()[0]
    model = StandardScaler().fit(rows)
    (both,) = read(model, "transform", sparse=False).steps
    assert isinstance(both, Affine)
    wrong = both.second.operand.copy()
    wrong[7] = np.nextafter(wrong[7], np.inf)

    with pytest.raises(Counterexample, match="the original answers"):
        prove(Original(model, "transform"), (both.first, Arithmetic("/", wrong)), "transform", rows, tolerance=0.0)


def test_linear_model_that_decides_otherwise_only_at_the_border_is_refused() -> None:
    rows, labels = measurements()
    scaled = StandardScaler().fit_transform(rows)
    model = LogisticRegression().fit(scaled, labels)
    scores, *rest = read(model, "predict", sparse=False).steps
    assert isinstance(scores, Dense)
    wrong = Dense(scores.weights, scores.intercept + 1e-13)
    original = Original(model, "predict")
    watch = guard(original, scaled, ("nan", "infinite"), narrow=False)

    with pytest.raises(Counterexample, match=r"the original answers \[[01]\], the kernel \[[01]\]"):
        prove(original, (watch, wrong, *rest), "predict", scaled)


def test_encoder_that_takes_an_unknown_category_is_refused() -> None:
    rows = codes()[0][:, 4:]
    model = OneHotEncoder(sparse_output=False).fit(rows)
    reading = read(model, "transform", sparse=False)
    (step,) = reading.steps
    assert isinstance(step, OneHot)
    wrong = replace(step, other=np.array([-1, -1, -1]))

    with pytest.raises(Counterexample, match="the original says 'Found unknown categories"):
        prove(Original(model, "transform"), (wrong,), "transform", rows, reading.edges, 0.0)


def test_proof_counts_rows_and_time() -> None:
    rows, labels = measurements()
    model = RandomForestClassifier(20, random_state=0).fit(rows, labels)
    splits = sum(tree.tree_.node_count - tree.tree_.n_leaves for tree in model.estimators_)

    kernel = compiled(model, "predict", rows)

    assert kernel.proof.rows > 569 + 1000 + 8 * splits
    assert 0 < kernel.proof.seconds < 60
    assert kernel.describe() == f"onnxruntime, 20 trees, proved on {kernel.proof.rows:,} rows (no difference)"


def test_model_is_not_changed_by_the_proof() -> None:
    rows, labels = measurements()
    before = rows.copy()
    model = RandomForestClassifier(3, n_jobs=2, random_state=0).fit(rows, labels)

    compiled(model, "predict", rows)

    assert model.n_jobs == 2
    np.testing.assert_array_equal(rows, before)
