"""Scaler and classifier as one ONNX file, for those who call onnxruntime themselves.

`rows`, float64 of shape (n, features), become `probabilities` of shape (n, 2). Written without the package that
accelerates servegraph's models, so that what we are compared with does not depend on us.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
_LEAF = -1  # a child's number in scikit-learn's trees


def save_onnx(file: Path, scaler: Any, model: Any) -> None:
    """A fitted StandardScaler, then a LogisticRegression or a RandomForestClassifier of two classes."""
    is_forest = hasattr(model, "estimators_")
    kind = TensorProto.FLOAT if is_forest else TensorProto.DOUBLE
    scaling = [
        helper.make_node("Sub", ["rows", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["x"]),
    ]
    numbers = {"mean": scaler.mean_, "scale": scaler.scale_}
    if not is_forest:
        numbers |= {"weights": model.coef_.T, "bias": model.intercept_, "one": np.ones(1)}
    graph = helper.make_graph(
        [*scaling, *(_forest(model) if is_forest else _logistic())],
        "bar",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, scaler.n_features_in_])],
        [helper.make_tensor_value_info("probabilities", kind, [None, 2])],
        [numpy_helper.from_array(np.asarray(value, dtype=np.float64), name) for name, value in numbers.items()],
    )
    found = helper.make_model(graph, opset_imports=_OPSETS, ir_version=8)
    onnx.checker.check_model(found)
    file.write_bytes(found.SerializeToString())


def _logistic() -> list[Any]:
    return [
        helper.make_node("Gemm", ["x", "weights", "bias"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["second"]),
        helper.make_node("Sub", ["one", "second"], ["first"]),
        helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
    ]


def _forest(model: Any) -> list[Any]:
    """Rows are rounded to float32, and compared in float64: as scikit-learn's trees do it."""
    rounding = [
        helper.make_node("Cast", ["x"], ["x32"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["x32"], ["x64"], to=TensorProto.DOUBLE),
    ]
    attributes = {"classlabels_int64s": [0, 1], "post_transform": "NONE", **_nodes(model), **_leaves(model)}
    names = ["label", "probabilities"]
    return [*rounding, helper.make_node("TreeEnsembleClassifier", ["x64"], names, domain="ai.onnx.ml", **attributes)]


def _nodes(model: Any) -> dict[str, Any]:
    trees = [estimator.tree_ for estimator in model.estimators_]
    left, right, feature, threshold = (
        np.concatenate([getattr(tree, name) for tree in trees])
        for name in ("children_left", "children_right", "feature", "threshold")
    )
    is_leaf = left == _LEAF
    return {
        "nodes_treeids": np.repeat(np.arange(len(trees)), [tree.node_count for tree in trees]).tolist(),
        "nodes_nodeids": np.concatenate([np.arange(tree.node_count) for tree in trees]).tolist(),
        "nodes_featureids": np.where(is_leaf, 0, feature).tolist(),
        "nodes_values_as_tensor": numpy_helper.from_array(np.where(is_leaf, 0.0, threshold)),
        "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(is_leaf, 0, left).tolist(),
        "nodes_falsenodeids": np.where(is_leaf, 0, right).tolist(),
    }


def _leaves(model: Any) -> dict[str, Any]:
    """Each leaf's share of the mean over all trees, for both classes."""
    trees, nodes, weights = [], [], []
    for number, estimator in enumerate(model.estimators_):
        tree = estimator.tree_
        (leaves,) = np.nonzero(tree.children_left == _LEAF)
        values = tree.value[leaves, 0]
        weights.append((values / values.sum(axis=1, keepdims=True) / len(model.estimators_)).ravel())
        nodes += np.repeat(leaves, 2).tolist()
        trees += [number] * values.size
    return {
        "class_treeids": trees,
        "class_nodeids": nodes,
        "class_ids": [0, 1] * (len(nodes) // 2),
        "class_weights_as_tensor": numpy_helper.from_array(np.concatenate(weights)),
    }
