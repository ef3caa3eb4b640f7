"""From a loaded model to a kernel, or to the reason why there is none."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.kernels.imagining import imagined
from servegraph.kernels.kernel import Cost, Kernel, Outcome, Proof, Refusal
from servegraph.kernels.parts import Parts
from servegraph.kernels.proving import Counterexample, Original
from servegraph.kernels.reading import Unreadable
from servegraph.kernels.steps import Step, run
from servegraph.kernels.steps.step import Array
from servegraph.kernels.versions import versions

_SAMPLE = 8
_MANY = 512


def compile(model: Any, method: str, *, rows: Sequence[NDArray[np.float64]], tolerance: float = 1e-6) -> Outcome:
    """A kernel that answers as `getattr(model, method)`, proved with `rows` and thousands of its own.

    A model that was fitted with names of columns is asked with a DataFrame of them; XGBoost's `Booster` with a
    DMatrix.

    Args:
        model: a fitted model of scikit-learn, XGBoost or LightGBM; it is not changed.
        rows: evidence, each of shape (n, features): the input example, the detector's reference. Rows that
            the model takes, and as varied as possible: what is asked beyond them lies around them. Where
            there are none, they are made from what the model tells of itself, see `imagined`.
        tolerance: for numbers; absolute below 1, relative above. Labels, and what transforms answer, are equal.
    """
    started = perf_counter()
    parts = Parts(tolerance)
    try:
        is_given = any(map(len, rows))
        evidence = _evidence(rows) if is_given else np.ascontiguousarray(imagined(model, method))
        Original(model, method)(evidence[:_SAMPLE])  # what it says to rows it should take is the best reason
        part = parts.of(model, method, evidence, sparse=False)
        if part.sparse:
            raise Unreadable("it answers a sparse matrix")
        sample = evidence[:_SAMPLE].copy()
        return Kernel(
            steps=part.steps,
            width=evidence.shape[1],
            proof=Proof(parts.rows, parts.worst, perf_counter() - started, imagined=not is_given),
            cost=_cost(part.steps, evidence),
            made_of=versions(parts.libraries),
            sample=(sample, run(part.steps, sample)),
        )
    except (Unreadable, Counterexample) as why:
        return Refusal(str(why), versions(parts.libraries))
    except Exception as error:  # a model of another version, half fitted, or crafted
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        return Refusal(f"it cannot be read or asked: {said}", versions(parts.libraries))


def _evidence(rows: Sequence[NDArray[np.float64]]) -> Array:
    arrays = [np.asarray(array, np.float64) for array in rows if len(array)]
    if any(array.ndim != 2 for array in arrays) or len({array.shape[1] for array in arrays}) > 1:
        raise Unreadable("the example rows differ in width")
    return np.ascontiguousarray(np.concatenate(arrays))


def _cost(steps: tuple[Step, ...], evidence: Array) -> Cost:
    many = evidence[np.arange(_MANY) % len(evidence)]
    call = _best(steps, evidence[:1], 20)
    return Cost(call, max(0.0, _best(steps, many, 3) - call) / (_MANY - 1))


def _best(steps: tuple[Step, ...], rows: Array, times: int) -> float:
    taken = []
    for _ in range(times):
        started = perf_counter()
        run(steps, rows)
        taken.append(perf_counter() - started)
    return min(taken)
