"""What a reader makes of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps import Step
from servegraph.kernels.steps.step import Array

Edges = Callable[[Array, np.random.Generator], list[Array]]
"""From rows that are normal for a model to batches of rows around everything it decides by."""


class Unreadable(Exception):
    """There are no steps for this model; says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A model as steps.

    Args:
        edges: rows for the proof, where the model decides by comparing.
        asks: the kinds of rows that the model may refuse as a whole, see `Guard`.
        narrow: it rounds to float32 before it compares.
    """

    steps: tuple[Step, ...]
    edges: Edges | None = None
    asks: tuple[str, ...] = ("nan", "infinite", "large", "empty", "width")
    narrow: bool = False


def no_such(kind: str, method: str) -> Unreadable:
    return Unreadable(f"there is no kernel for {method} of {kind}")


def labels(classes: object) -> Array:
    """The classes of a classifier as an array that a file can hold.

    Raises:
        Unreadable: they are neither numbers nor texts.
    """
    array = np.asarray(classes)
    if array.ndim != 1:
        raise Unreadable("it answers several labels a row")
    if array.dtype.kind in "biufU" or all(isinstance(label, str) for label in array.tolist()):
        return array
    raise Unreadable("its labels are neither numbers nor texts")
