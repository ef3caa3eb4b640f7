"""The ONNX model of an ensemble: one node, `TreeEnsemble`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from servegraph.kernels.reading.reading import Unreadable
from servegraph.kernels.reading.trees import STUMP, Ensemble, Tree, join
from servegraph.kernels.steps import LeafMeans, LeafSums
from servegraph.kernels.steps.step import Array

_LARGEST_NUMBER = 1 << 24
_SUM = 1  # of the operator's aggregate functions
_BELOW_OR_ON, _BELOW = 0, 1  # of its modes
_OPSET = 5
_FORMAT = 9  # of the file; what onnxruntime 1.17 reads


def _graph(ensemble: Ensemble, weights: Array, targets: Array, width: int) -> bytes:
    """Adds for each target the weights of the leaves that a row reaches.

    Args:
        weights: (leaves,) float64 or float32, in which everything is compared and added.
        targets: (leaves,) from 0.
        width: how many targets.
    """
    from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

    node = NodeProto(op_type="TreeEnsemble", domain="ai.onnx.ml", input=["x"], output=["y"])

    def integers(name: str, values: Array) -> None:
        node.attribute.append(
            AttributeProto(name=name, type=AttributeProto.INTS, ints=values.astype(np.int64).tolist())
        )

    def number(name: str, value: int) -> None:
        node.attribute.append(AttributeProto(name=name, type=AttributeProto.INT, i=value))

    def tensor(name: str, values: Array) -> None:
        content = numpy_helper.from_array(values, name)
        node.attribute.append(AttributeProto(name=name, type=AttributeProto.TENSOR, t=content))

    mode = _BELOW if ensemble.strict else _BELOW_OR_ON
    number("n_targets", width)
    number("aggregate_function", _SUM)
    number("post_transform", 0)
    integers("tree_roots", ensemble.roots)
    integers("nodes_featureids", ensemble.feature)
    tensor("nodes_splits", ensemble.threshold.astype(weights.dtype))
    tensor("nodes_modes", np.full(len(ensemble.feature), mode, np.uint8))
    for way, side in ((ensemble.yes, "true"), (ensemble.no, "false")):
        integers(f"nodes_{side}nodeids", np.where(way >= 0, way, ~way))
        integers(f"nodes_{side}leafs", way < 0)
    if ensemble.missing_yes.any():
        integers("nodes_missing_value_tracks_true", ensemble.missing_yes)
    integers("leaf_targetids", targets)
    tensor("leaf_weights", weights)

    kind = TensorProto.FLOAT if weights.dtype == np.float32 else TensorProto.DOUBLE
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("x", kind, [None, None])],
        [helper.make_tensor_value_info("y", kind, [None, width])],
    )
    opsets = [helper.make_opsetid("ai.onnx.ml", _OPSET), helper.make_opsetid("", 18)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_FORMAT).SerializeToString()
    return content


def summed(
    trees: Sequence[Tree], values: Array, targets: Array, start: Array, *, strict: bool = False, narrow: bool = False
) -> tuple[Ensemble, LeafSums]:
    """For each target: `start`, plus what its trees' leaves hold, one tree after the other.

    Args:
        values: of all leaves, float64 or float32.
        targets: (trees,) from 0.
        start: (targets,); the originals begin with it, so it is a tree too.
    """
    first = [STUMP] * len(start) if start.any() else []
    ensemble = join([*first, *trees], strict=strict, narrow=narrow)
    of_tree = np.concatenate((np.arange(len(first)), targets))
    weights = np.concatenate((start[: len(first)], values)).astype(values.dtype)
    graph = _graph(ensemble, weights, np.repeat(of_tree, ensemble.leaves), len(start))
    return ensemble, LeafSums(graph, len(trees))


def averaged(trees: Sequence[Tree], values: Array) -> tuple[Ensemble, LeafMeans]:
    """The mean over the trees of what their leaves hold, for rows of float32; `values` is (leaves, outputs).

    A threshold is rounded down to float32: just as many float32 are at most that as are at most the threshold.
    """
    ensemble = join(trees, narrow=True)
    rounded = ensemble.threshold.astype(np.float32)
    lower = np.where(rounded > ensemble.threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    of_leaf = np.repeat(np.arange(len(trees)), ensemble.leaves)
    number = np.arange(len(of_leaf), dtype=np.float32)
    if len(number) > _LARGEST_NUMBER:
        raise Unreadable(f"it has {len(number):,} leaves, and float32 counts to {_LARGEST_NUMBER:,}")
    graph = _graph(replace(ensemble, threshold=lower), number, of_leaf, len(trees))
    return ensemble, LeafMeans(graph, len(trees), values)
