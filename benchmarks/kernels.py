"""What a call takes, the original and its kernel, alternating: `python benchmarks/kernels.py`, half a minute.

Rows change from call to call, as requests do. Times are of the thread's CPU, the median of rounds, so that
a busy machine disturbs little.
"""

import logging
from collections.abc import Callable, Iterator
from statistics import median
from time import thread_time
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from servegraph.kernels import Kernel, compile

ROWS = (1, 16, 1000)
ROUNDS = 9
ROUND_S = 0.02


def models() -> Iterator[tuple[str, Any, str]]:
    """Name, model, method."""
    yield "scaler", StandardScaler(), "transform"
    yield "imputer", SimpleImputer(), "transform"
    yield "logistic regression", LogisticRegression(solver="liblinear"), "predict_proba"
    yield "scaler, logistic regression", make_pipeline(StandardScaler(), LogisticRegression()), "predict_proba"
    yield "forest of 100", RandomForestClassifier(100, random_state=0), "predict_proba"
    forest = RandomForestClassifier(100, random_state=0)
    yield "scaler, forest of 100", make_pipeline(StandardScaler(), forest), "predict_proba"
    yield "gradient boosting, 100", GradientBoostingClassifier(random_state=0), "predict_proba"
    yield "histogram boosting, 100", HistGradientBoostingClassifier(random_state=0), "predict_proba"
    yield "XGBoost, 100", xgboost.XGBClassifier(n_estimators=100, n_jobs=1), "predict_proba"
    yield "LightGBM, 100", lightgbm.LGBMClassifier(verbose=-1, n_jobs=1), "predict_proba"


def seconds(ask: Callable[[Any], Any], batches: list[Any]) -> float:
    """CPU seconds a call, over one round."""
    calls, started = 0, thread_time()
    while thread_time() - started < ROUND_S:
        ask(batches[calls % len(batches)])
        calls += 1
    return (thread_time() - started) / calls


def main() -> None:
    logging.disable()
    rows, labels = load_breast_cancer(return_X_y=True)
    many = np.tile(rows, (3, 1))
    print(f"{'model':29}{'proof s':>8}" + "".join(f"{f'{size} rows':>21}" for size in ROWS) + "   microseconds")
    for name, model, method in models():
        original = getattr(model.fit(rows, labels), method)
        kernel = compile(model, method, rows=[rows])
        assert isinstance(kernel, Kernel), kernel.describe()
        cells = []
        for size in ROWS:
            batches = [np.ascontiguousarray(many[start : start + size]) for start in range(64)]
            pairs = [(seconds(original, batches), seconds(kernel, batches)) for _ in range(ROUNDS)]
            before, after = median(pair[0] for pair in pairs) * 1e6, median(pair[1] for pair in pairs) * 1e6
            cells.append(f"{before:8.0f} {after:7.1f} {before / after:3.0f}x")
        print(f"{name:29}{kernel.proof.seconds:8.2f}  " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
