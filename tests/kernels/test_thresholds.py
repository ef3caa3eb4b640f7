"""Rows that stand on thresholds, drawn by Hypothesis: the leaf is the original's."""

from functools import cache
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.kernels.examples import Rows, compiled, flowers

from servegraph.kernels import Kernel

MAKERS = {
    "forest": lambda: ExtraTreesClassifier(10, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=10, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "xgboost": lambda: xgboost.XGBClassifier(n_jobs=1, n_estimators=10),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_jobs=1, n_estimators=10, verbose=-1),
    "scaled forest": lambda: make_pipeline(StandardScaler(), ExtraTreesClassifier(10, random_state=0)),
}


@cache
def pair(name: str) -> tuple[Any, Kernel]:
    rows, labels = flowers()
    model = MAKERS[name]().fit(rows, labels)
    return model, compiled(model, "predict_proba", rows)


@cache
def places() -> Rows:
    """Every number at which a tree may split: what was seen, and what lies between, in both precisions."""
    seen = np.unique(flowers()[0])
    between = (seen[1:] + seen[:-1]) / 2
    exact = np.concatenate((seen, between, seen.astype(np.float32), between.astype(np.float32)))
    return np.unique(exact)


VALUES = st.one_of(
    st.integers(0, 10_000).map(lambda place: float(places()[place % len(places())])),
    st.floats(-1.0, 9.0),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-40, 1e30, -1e30]),
)


@st.composite
def batches(draw: st.DrawFn) -> Rows:
    cells = st.tuples(VALUES, st.sampled_from(["on", "before", "behind", "before32", "behind32"]))
    rows = draw(st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=20))
    return np.array([[moved(value, way) for value, way in row] for row in rows])


def moved(value: float, way: str) -> float:
    kind = np.float32 if way.endswith("32") else np.float64
    towards = {"on": value, "before": -np.inf, "behind": np.inf}[way.removesuffix("32")]
    return float(np.nextafter(kind(value), kind(towards)))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("name", MAKERS)
@given(rows=batches())
@settings(max_examples=40, deadline=None)
def test_row_on_a_threshold_reaches_the_same_leaves(name: str, rows: Rows) -> None:
    model, kernel = pair(name)

    want = model.predict_proba(rows)

    np.testing.assert_allclose(kernel(rows), want, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(kernel(rows).argmax(axis=1), want.argmax(axis=1))
