"""Ensembles of trees, walked by onnxruntime.

The operator is `TreeEnsemble` of ai.onnx.ml 5 in float64 or float32, as the model compares and adds, so
nothing is rounded. It adds one number a leaf and target in the order of the trees, as all the originals
do. Leaves of several numbers, as forests of classifiers have them, do not fit into that: there each
tree is a target and what it adds is the number of the leaf, and NumPy adds what the leaves hold, in order.
"""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from servegraph.kernels.steps.step import Array

_BLOCK = 256  # rows at once: the numbers of their leaves stay in the cache


@dataclass(frozen=True, slots=True)
class Narrow:
    """Rounds to float32, as scikit-learn's trees and XGBoost do before they compare.

    Args:
        wide: what comes out is float64 all the same.
    """

    wide: bool

    def __call__(self, rows: Array, /) -> Array:
        narrow = rows.astype(np.float32)
        return narrow.astype(np.float64) if self.wide else narrow


@dataclass(frozen=True, slots=True, eq=False)
class LeafSums:
    """(n, targets): for each target the sum over its trees.

    Args:
        graph: the ONNX model; rows are `x`, sums `y`.
        trees: how many.
    """

    graph: bytes
    trees: int
    _session: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_session", _session(self.graph))

    def __call__(self, rows: Array, /) -> Array:
        sums: Array = self._session.run(["y"], {"x": rows})[0]
        return sums


@dataclass(frozen=True, slots=True, eq=False)
class LeafMeans:
    """(n, outputs): the mean over the trees of what their leaves hold.

    Args:
        graph: the ONNX model; rows are `x`, numbers of leaves `y`, (n, trees).
        values: (leaves, outputs).
    """

    graph: bytes
    trees: int
    values: Array
    _session: Any = field(init=False, repr=False)
    _columns: tuple[Array, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_session", _session(self.graph))
        object.__setattr__(self, "_columns", tuple(np.ascontiguousarray(self.values.T)))

    def __call__(self, rows: Array, /) -> Array:
        if len(rows) == 1:
            means: Array = np.add.reduce(self.values.take(self._leaves(rows), axis=0), axis=1)
        else:
            means = np.empty((len(rows), self.values.shape[1]))
            for start in range(0, len(rows), _BLOCK):
                turned = np.ascontiguousarray(self._leaves(rows[start : start + _BLOCK]).T)
                for number, column in enumerate(self._columns):
                    np.add.reduce(column.take(turned), axis=0, out=means[start : start + _BLOCK, number])
        means /= self.trees
        return means

    def _leaves(self, rows: Array) -> Array:
        numbers: Array = self._session.run(["y"], {"x": rows})[0].astype(np.intp)
        return numbers


def _session(graph: bytes) -> Any:
    # Its Linux builds report to their makers from a thread of their own, which would also keep us from forking.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # requests are the parallelism, and a call takes microseconds
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # keeps what the largest batch ever took
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
