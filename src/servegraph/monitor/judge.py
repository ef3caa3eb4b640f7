"""The verdict on one window of rows.

`ok` is said only after a test of finite values whose answer is finite too. Runs in a worker
thread and keeps no state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.monitor.detector import Detector
from servegraph.monitor.rows import Chunk
from servegraph.verdict import DetectorState


def judge(node: str, detector: Detector, window: Sequence[Chunk]) -> DetectorState:
    """Test one window; whatever the detector raises passes through.

    Only the fields that come from this window are set: verdict, reason, features (those that
    drifted, the surest first), p_values, distances, threshold, missing (each feature's share).
    """
    widths = {chunk.rows.shape[1] for chunk in window}
    known = detector.feature_names
    expected = widths if known is None else {len(known)}
    if widths != expected or len(widths) > 1:
        return DetectorState(node, "blind", _width_reason(widths, None if known is None else len(known)))
    features = _features(known or window[0].names, widths.pop())
    rows = np.concatenate([chunk.rows for chunk in window])
    missing = _missing(rows, features)
    if any(missing.values()):
        shares = ", ".join(f"{feature} ({share:.1%})" for feature, share in missing.items() if share)
        return DetectorState(node, "blind", f"values are missing or not finite: {shares}", missing=missing)
    if (rows == rows[0]).all():
        return DetectorState(node, "blind", f"all {len(rows)} rows are the same", missing=missing)
    return replace(_read(node, features, detector.detect(rows)), missing=missing)


def _read(node: str, features: Sequence[str], result: Mapping[str, Any]) -> DetectorState:
    p_values = np.asarray(result["p_values"], dtype=np.float64)
    distances = np.asarray(result["distances"], dtype=np.float64)
    threshold = float(result["threshold"])
    if p_values.shape != (len(features),) or distances.shape != p_values.shape:
        raise ValueError(
            f"detect() gave {p_values.size} p-values and {distances.size} distances for {len(features)} features"
        )
    if not (np.isfinite(p_values).all() and np.isfinite(distances).all() and np.isfinite(threshold)):
        return DetectorState(node, "blind", "the test gave no number for some feature")
    order = np.lexsort((-distances, p_values))
    drifted = tuple(features[i] for i in order if p_values[i] < threshold)
    drift = bool(result["is_drift"])
    return DetectorState(
        node,
        "drift" if drift else "ok",
        f"{len(drifted)} of {len(features)} features drifted" if drift else "",
        features=drifted if drift else (),
        p_values=dict(zip(features, p_values.tolist(), strict=True)),
        distances=dict(zip(features, distances.tolist(), strict=True)),
        threshold=threshold,
    )


def _width_reason(widths: set[int], expected: int | None) -> str:
    found = " and ".join(str(width) for width in sorted(widths))
    if expected is None:
        return f"rows have {found} values, one width is needed"
    return f"rows have {found} values, {expected} are expected"


def _features(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Unique texts: they become keys and labels."""
    texts = tuple(str(name) for name in names)
    if len(set(texts)) == width == len(texts):
        return texts
    return tuple(f"f{column}" for column in range(width))


def _missing(rows: NDArray[np.float64], features: Sequence[str]) -> dict[str, float]:
    shares = (~np.isfinite(rows)).mean(axis=0)
    return dict(zip(features, shares.tolist(), strict=True))
