"""Asks a model with rows that it may refuse, and remembers its words."""

import re
from collections.abc import Callable

import numpy as np

from servegraph.kernels.steps import Guard
from servegraph.kernels.steps.guard import WIDTH
from servegraph.kernels.steps.step import Array

_VALUES = {"nan": np.nan, "infinite": np.inf, "large": 1e300}
_TIME_AND_PLACE = re.compile(r"^\[[\d:]+\] \S+: (.*)", re.DOTALL)  # before what XGBoost says; a stack is behind


def guard(original: Callable[[Array], Array], rows: Array, asks: tuple[str, ...], narrow: bool) -> Guard:
    """What stands before the steps of a model.

    Args:
        rows: normal ones.
        asks: the kinds of rows, as in `Guard`, that the model refuses or takes in any column alike.
    """
    words: dict[str, str] = {}
    for kind in asks:
        _hear(words, kind, original, _odd(kind, rows))
    if "width" in words:
        words["width"] = words["width"].replace(str(rows.shape[1] + 1), WIDTH, 1)
    return Guard(rows.shape[1], words, narrow)


def _odd(kind: str, rows: Array) -> Array:
    match kind:
        case "empty":
            return rows[:0]
        case "width":
            return np.concatenate((rows[:1], rows[:1, :1]), axis=1)
    odd = rows[:1].copy()
    odd[0, 0] = _VALUES[kind]
    return odd


def _hear(words: dict[str, str], kind: str, original: Callable[[Array], Array], rows: Array) -> None:
    try:
        original(rows)
    except Exception as error:  # the libraries have classes of their own
        said = _TIME_AND_PLACE.match(str(error))
        words[kind] = said[1].partition("\n")[0] if said else str(error)
