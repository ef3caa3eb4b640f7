"""Scalers and the imputer of scikit-learn: `transform`."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading.edges import around_values
from servegraph.kernels.reading.reading import Reading, Unreadable, no_such
from servegraph.kernels.steps import Affine, Arithmetic, Clip, Fill, Normalize, Step


def _transform(read: Callable[[Any], Reading], model: Any, method: str) -> Reading:
    if method != "transform":
        raise no_such(type(model).__name__, method)
    return read(model)


def _standard(model: Any) -> Reading:
    mean = Arithmetic("-", np.asarray(model.mean_, np.float64)) if model.with_mean else None
    scale = Arithmetic("/", np.asarray(model.scale_, np.float64)) if model.with_std else None
    return Reading(_both(mean, scale))


def _both(first: Arithmetic | None, second: Arithmetic | None) -> tuple[Step, ...]:
    if first and second:
        return (Affine(first, second),)
    return tuple(each for each in (first, second) if each)


def _min_max(model: Any) -> Reading:
    steps: list[Step] = [Affine(Arithmetic("*", model.scale_), Arithmetic("+", model.min_))]
    if model.clip:
        low, high = model.feature_range
        steps.append(Clip(float(low), float(high)))
    return Reading(tuple(steps))


def _max_abs(model: Any) -> Reading:
    steps: list[Step] = [Arithmetic("/", model.scale_)]
    if getattr(model, "clip", False):
        steps.append(Clip(-1.0, 1.0))
    return Reading(tuple(steps))


def _robust(model: Any) -> Reading:
    center = Arithmetic("-", model.center_) if model.with_centering else None
    scale = Arithmetic("/", model.scale_) if model.with_scaling else None
    return Reading(_both(center, scale))


def _normalizer(model: Any) -> Reading:
    return Reading((Normalize(model.norm),))


def _imputer(model: Any) -> Reading:
    missing = model.missing_values
    if not isinstance(missing, int | float):
        raise Unreadable(f"its missing values are {missing!r}, not numbers")
    statistics = np.asarray(model.statistics_)
    if statistics.dtype.kind not in "biuf":
        raise Unreadable("it fills in texts")
    kept = np.arange(len(statistics))
    if not model.keep_empty_features:
        kept = np.flatnonzero(~np.isnan(statistics))
    flagged = model.indicator_.features_ if model.add_indicator else np.zeros(0, np.intp)
    step = Fill(float(missing), kept, statistics[kept].astype(np.float64), np.asarray(flagged, np.intp))
    values = np.array([missing], np.float64)
    return Reading((step,), partial(around_values, [values] * len(statistics)))


READERS: Final[Mapping[str, Callable[[Any, str], Reading]]] = MappingProxyType(
    {
        "StandardScaler": partial(_transform, _standard),
        "MinMaxScaler": partial(_transform, _min_max),
        "MaxAbsScaler": partial(_transform, _max_abs),
        "RobustScaler": partial(_transform, _robust),
        "Normalizer": partial(_transform, _normalizer),
        "SimpleImputer": partial(_transform, _imputer),
    }
)
