"""Drift of single features, by alibi-detect.

alibi-detect is licensed under the Business Source License 1.1 (its use in production is
restricted) and takes ten seconds to import: it is imported in the monitor's process only, and only here.
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from servegraph.artifacts import files


class FeatureDrift:
    """Kolmogorov-Smirnov test of each feature against the training rows, Bonferroni-corrected.

    In the graph the node passes data through: without a `transform_input`, rows go on unchanged.
    In the monitor, every `window` rows are tested against those in the artifact's folder `model_uri`:
    `x_ref.npy`, float64, (n, features), whose columns `features.json` names. `p_value` is the chance of a
    false alarm in a window without drift, over all features together.
    """

    feature_names: Sequence[str] | None = None

    def __init__(self, model_uri: str, window: int = 200, p_value: float = 0.01) -> None:
        if window < 2 or not 0 < p_value < 1:
            raise ValueError(f"window={window}, p_value={p_value}: give 2 rows or more, and a p_value between 0 and 1")
        self.model_uri = model_uri
        self.window = window
        self.p_value = p_value

    def load_detector(self) -> None:
        """Read the reference and build the test."""
        folder = files(self.model_uri)
        reference = np.load(folder / "x_ref.npy", allow_pickle=False)
        names = orjson.loads((folder / "features.json").read_bytes())
        if reference.ndim != 2 or reference.shape[1] != len(names) or not np.isfinite(reference).all():
            raise ValueError(
                f"{self.model_uri}: x_ref.npy needs finite numbers of shape (n, {len(names)}), "
                f"it has shape {reference.shape}"
            )
        self._test = _ks_drift(reference, self.p_value)
        self.feature_names = names

    def detect(self, rows: NDArray[np.float64]) -> Mapping[str, Any]:
        """Test rows of shape (window, features)."""
        answer = self._test.predict(rows, drift_type="batch", return_p_val=True, return_distance=True)["data"]
        return {
            "is_drift": bool(answer["is_drift"]),
            "p_values": answer["p_val"],
            "distances": answer["distance"],
            "threshold": answer["threshold"],
        }


def _ks_drift(reference: NDArray[np.float64], p_value: float) -> Any:
    # What it says while it loads (no torch, no TensorFlow) is of no use: the test needs neither.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from alibi_detect.cd import KSDrift

    return KSDrift(reference, p_val=p_value, correction="bonferroni")
