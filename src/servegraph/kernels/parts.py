"""Models, and models made of models, to steps that are proved.

The parts of a pipeline are proved one by one, each with rows as they reach it, so that thresholds behind a
scaler are tried to the last bit; then the whole is. Transforms must agree in every bit: 1e-16 before a
threshold may be another leaf.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.asking import guard
from servegraph.kernels.proving import Original, prove
from servegraph.kernels.reading import Unreadable, kind_of, read
from servegraph.kernels.steps import Arithmetic, Beside, Guard, Step, run
from servegraph.kernels.steps.beside import Branch
from servegraph.kernels.steps.step import Array


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The steps of a model, and whether the original answers a sparse matrix."""

    steps: tuple[Step, ...]
    sparse: bool


class Parts:
    """Makes parts, and remembers what was proved and from which libraries the models came."""

    def __init__(self, tolerance: float) -> None:
        self.rows = 0
        self.worst = 0.0
        self.libraries: set[str] = set()
        self._tolerance = tolerance

    def of(self, model: Any, method: str, rows: Array, sparse: bool) -> Part:
        """The part that answers as the method does.

        Args:
            rows: as they reach the model.
            sparse: the model gets them as a sparse matrix.
        Raises:
            Unreadable: there are no steps for it.
            Counterexample: the steps answer otherwise.
        """
        self.libraries.add(kind_of(model).partition(".")[0])
        compose = _COMPOSED.get(kind_of(model))
        original, edges = Original(model, method, sparse), None
        if compose is not None:
            steps = compose(self, model, method, rows, sparse)
        else:
            reading = read(model, method, sparse=sparse)
            steps = (guard(original, rows, reading.asks, reading.narrow), *reading.steps)
            edges = reading.edges
        tolerance = 0.0 if method == "transform" else self._tolerance
        proof = prove(original, steps, method, rows, edges, tolerance)
        self.rows += proof.rows
        self.worst = max(self.worst, proof.worst_difference)
        return Part(steps, original.answers_sparse)


def _pipeline(parts: Parts, model: Any, method: str, rows: Array, sparse: bool) -> tuple[Step, ...]:
    steps: list[Step] = []
    *before, (_, last) = model.steps
    for _, transformer in before:
        if _passes(transformer):
            continue
        part = parts.of(transformer, "transform", rows, sparse)
        steps += part.steps
        rows, sparse = run(part.steps, rows), part.sparse
    if not (_passes(last) and method == "transform"):
        steps += parts.of(last, method, rows, sparse).steps
    return tuple(steps)


def _union(parts: Parts, model: Any, method: str, rows: Array, sparse: bool) -> tuple[Step, ...]:
    columns = np.arange(rows.shape[1])
    ways = [(name, transformer, columns) for name, transformer in model.transformer_list]
    return _beside(parts, model, method, rows, ways, sparse)


def _columns(parts: Parts, model: Any, method: str, rows: Array, sparse: bool) -> tuple[Step, ...]:
    places = model._transformer_to_input_indices
    ways = [(name, transformer, np.asarray(places[name], np.intp)) for name, transformer, _ in model.transformers_]
    return _beside(parts, model, method, rows, ways, sparse)


def _beside(
    parts: Parts, model: Any, method: str, rows: Array, ways: list[tuple[str, Any, Array]], sparse: bool
) -> tuple[Step, ...]:
    if method != "transform":
        raise Unreadable(f"there is no kernel for {method} of {type(model).__name__}")
    weights = model.transformer_weights or {}
    branches = []
    for name, transformer, columns in ways:
        if not len(columns) or (isinstance(transformer, str) and transformer == "drop"):
            continue
        steps: tuple[Step, ...] = ()
        if not _passes(transformer):
            steps = parts.of(transformer, "transform", rows.take(columns, axis=1), sparse).steps
        if name in weights:
            steps = (*steps, Arithmetic("*", np.array(float(weights[name]))))
        branches.append(Branch(columns, steps))
    watch: Guard = guard(Original(model, method, sparse), rows, ("empty", "width"), narrow=False)
    return watch, Beside(tuple(branches))


def _passes(transformer: Any) -> bool:
    """Whether rows come out as they went in."""
    if kind_of(transformer) == "sklearn.FunctionTransformer":  # what a ColumnTransformer makes of `passthrough`
        return transformer.func is None and not transformer.validate
    return transformer is None or (isinstance(transformer, str) and transformer == "passthrough")


_COMPOSED: Final[Mapping[str, Callable[[Parts, Any, str, Array, bool], tuple[Step, ...]]]] = MappingProxyType(
    {"sklearn.Pipeline": _pipeline, "sklearn.FeatureUnion": _union, "sklearn.ColumnTransformer": _columns}
)
