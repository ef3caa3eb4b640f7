"""An ensemble of binary trees as arrays, whichever library it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree. A row goes to `yes` where its feature is below the threshold (or on it, as the ensemble says).

    Args:
        feature, threshold: one for each inner node.
        yes, no: an inner node, or `~leaf`.
        missing_yes: where NaN goes.
        leaves: how many. A tree without inner nodes has one.
    """

    feature: Array
    threshold: Array
    yes: Array
    no: Array
    missing_yes: Array
    leaves: int


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Trees one after the other, nodes and leaves numbered throughout; fields as in `Tree`.

    Args:
        roots: (trees,) an inner node.
        leaves: (trees,) how many.
        strict: a row on the threshold goes to `no`.
        narrow: thresholds are compared with float32.
    """

    roots: Array
    feature: Array
    threshold: Array
    yes: Array
    no: Array
    missing_yes: Array
    leaves: Array
    strict: bool
    narrow: bool


def join(trees: Sequence[Tree], *, strict: bool = False, narrow: bool = False) -> Ensemble:
    """The ensemble. A tree of one leaf gets an inner node whose both ways lead to it."""
    grown = [tree if len(tree.feature) else STUMP for tree in trees]
    nodes = np.cumsum([0, *(len(tree.feature) for tree in grown)])
    leaves = np.cumsum([0, *(tree.leaves for tree in grown)])

    def children(name: str) -> Array:
        moved = [
            np.where(way >= 0, way + node, way - leaf)
            for way, node, leaf in zip((getattr(tree, name) for tree in grown), nodes, leaves, strict=False)
        ]
        return np.concatenate(moved)

    def joined(name: str, kind: type) -> Array:
        values: Array = np.concatenate([getattr(tree, name) for tree in grown]).astype(kind)
        return values

    return Ensemble(
        roots=nodes[:-1],
        feature=joined("feature", np.int64),
        threshold=joined("threshold", np.float64),
        yes=children("yes"),
        no=children("no"),
        missing_yes=joined("missing_yes", np.bool_),
        leaves=np.diff(leaves),
        strict=strict,
        narrow=narrow,
    )


def inner(left: Array, right: Array, is_leaf: Array) -> tuple[Array, Array, Array, Array]:
    """For trees whose nodes and leaves share numbers: which are inner, their ways, and which are leaves."""
    nodes, leaves = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    number = np.empty(len(is_leaf), np.int64)
    number[nodes] = np.arange(len(nodes))
    number[leaves] = ~np.arange(len(leaves))
    return nodes, number[left[nodes]], number[right[nodes]], leaves


STUMP = Tree(
    feature=np.zeros(1, np.int64),
    threshold=np.zeros(1),
    yes=np.array([-1]),
    no=np.array([-1]),
    missing_yes=np.zeros(1, np.bool_),
    leaves=1,
)
"""A tree of one leaf."""
