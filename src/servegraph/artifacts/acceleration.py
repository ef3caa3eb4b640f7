"""A model whose methods run as proved kernels (`servegraph.kernels`), and which is otherwise itself.

What was proved once is kept (`kernel_shelf`), and so is what people ask a model beside answers, so that a later start
needs neither the proof nor the library that the model is of. `SERVEGRAPH_ACCELERATE`, which a node's container may
set, says whether: `auto` (where a proof holds), `off`, or `require` (refuse what cannot be).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph import kernels
from servegraph.artifacts.compilation import under_way, wish
from servegraph.artifacts.folder import input_example
from servegraph.artifacts.kernel_shelf import KernelShelf
from servegraph.component.warning_filters import merge_warning_filters
from servegraph.errors import ArtifactRefused, ServeGraphError
from servegraph.kernels import Fact, Kept, Kernel, Outcome, Refusal

METHODS = ("transform", "predict_proba", "predict")
_ATTRIBUTES = ("classes_", "n_features_in_", "feature_names_in_", "feature_name_", "feature_names")
_ANSWERS = ("num_features", "feature_name")
"""What boosters are asked with a call."""

_SMALL = 2**24
_PATIENCE_S = 1.0  # for the proofs of one model: after that no further method is begun
_NOTHING = "it has no method that is compiled"

log = logging.getLogger(__name__)

Rows = NDArray[np.float64]


class Accelerated:
    """Stands for a model: rows of numbers go to its kernels, everything else to itself, loaded when it is needed.

    Args:
        facts: what it says of itself, and of `_ANSWERS` when it is called; None where it has no such attribute.
    """

    def __init__(self, load: Callable[[], Any], found: Mapping[str, Kernel], facts: Mapping[str, Fact]) -> None:
        self._load = load
        self._facts = facts
        self._model: Any = None
        self._lock = Lock()
        for method, kernel in found.items():
            setattr(self, method, self._method(method, kernel))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._facts:
            return getattr(self._itself(), name)
        fact = self._facts[name]
        if fact is None:
            raise AttributeError(name)
        return (lambda: fact) if name in _ANSWERS else fact

    def _method(self, name: str, kernel: Kernel) -> Callable[..., Any]:
        def call(X: Any, *more: Any, **options: Any) -> Any:
            if not more and not options:
                if is_plain(X):
                    return kernel(np.ascontiguousarray(X))
                if name != "transform" and _are_small(X):
                    return kernel(X.astype(np.float64))
            return getattr(self._itself(), name)(X, *more, **options)

        return call

    def _itself(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = self._load()
                merge_warning_filters()  # of libraries that were not needed before
            return self._model


def loaded(model: Any) -> Any:
    """The model itself, now, whether or not something stands for it."""
    return model._itself() if isinstance(model, Accelerated) else model


def is_plain(X: Any) -> bool:
    """Whether a kernel takes the rows."""
    return isinstance(X, np.ndarray) and X.dtype == np.float64 and X.ndim == 2 and len(X) > 0


def _are_small(X: Any) -> bool:
    """Whether rows are whole numbers that float32 holds exactly: whatever a model makes of them first, they stay what
    they are. Transforms may pass them on as whole numbers, though."""
    is_whole = isinstance(X, np.ndarray) and X.dtype.kind in "iu" and X.ndim == 2 and X.size > 0
    return is_whole and bool(X.max() <= _SMALL and X.min() >= -_SMALL)


def accelerated(folder: Path, asked: Sequence[str], load: Callable[[], Any], methods: Sequence[str] = METHODS) -> Any:
    """The model that `load` gives, or a stand-in for it.

    Args:
        folder: the artifact's.
        asked: who asks, and what else decides whether `load` refuses the model, as kernels are found without it.
        load: reads the artifact; a stand-in may do so much later, and not if there are other files by then.
        methods: which are compiled, those that matter most first.
    Raises:
        ArtifactRefused: `load` refuses it; or kernels are required, and there is none.
        ConfigurationError: the variable says something else.
    """
    mode = wish()
    if mode == "off":
        under_way().lines["accelerate"] = "off"
        return load()
    rows = _evidence(folder)
    shelf = KernelShelf(folder, rows, (*asked, *methods), under_way().state)
    kept, model = shelf.found(), None
    if kept is None:
        model = load()
        kept = Kept(_compiled(model, methods, rows), _facts(model))
        shelf.keep(kept)
    outcomes = kept.outcomes
    _tell(folder, outcomes)
    found = {method: outcome for method, outcome in outcomes.items() if isinstance(outcome, Kernel)}
    if found:
        return Accelerated(partial(_later, folder, shelf, load) if model is None else lambda: model, found, kept.facts)
    if mode == "require":
        why = next((outcome.why for outcome in outcomes.values() if isinstance(outcome, Refusal)), _NOTHING)
        raise ArtifactRefused(f"{folder} cannot be accelerated: {why}", hint="let accelerate be auto, or off")
    return load() if model is None else model


def _later(folder: Path, shelf: KernelShelf, load: Callable[[], Any]) -> Any:
    if not shelf.is_current:
        raise ArtifactRefused(f"{folder} has changed since its kernels were read", hint="start again")
    return load()


def _facts(model: Any) -> dict[str, Fact]:
    """What is known of the model without its library; whatever is no plain value must be asked of the model."""
    facts: dict[str, Fact] = {}
    for name in (*_ATTRIBUTES, *_ANSWERS):
        try:
            value = getattr(model, name, None)
            fact = _fact(value() if name in _ANSWERS and value is not None else value)
        except Exception:  # a property may do whatever it likes
            continue
        if fact is not None or value is None:
            facts[name] = fact
    return facts


def _fact(value: Any) -> Fact:
    match value:
        case int() | str():
            return value
        case np.integer():
            return int(value)
        case [*entries] if all(isinstance(entry, str) for entry in entries):
            return tuple(entries)
        case np.ndarray() if value.dtype.kind in "biufU" or all(isinstance(entry, str) for entry in value.flat):
            return value
    return None


def _evidence(folder: Path) -> list[Rows]:
    """The rows that the artifact was registered with, if they are numbers, and what is known beside it."""
    return [*_example(folder), *under_way().rows]


def _example(folder: Path) -> list[Rows]:
    try:
        rows = np.asarray(input_example(folder), dtype=np.float64)
    except (TypeError, ValueError, OSError, ServeGraphError):  # no numbers, or a file that cannot be read
        return []
    return [rows] if rows.ndim == 2 and rows.size else []


def _compiled(model: Any, methods: Sequence[str], rows: Sequence[Rows]) -> dict[str, Outcome]:
    """A kernel, or the reason why not, for each method that the model has, as far as that takes no long time."""
    outcomes: dict[str, Outcome] = {}
    width = getattr(model, "n_features_in_", None)
    rows = [each for each in rows if width is None or each.shape[1] == width]
    started = perf_counter()
    for method in methods:
        if hasattr(model, method) and perf_counter() - started < _PATIENCE_S:
            outcomes[method] = kernels.compile(model, method, rows=rows)
    return outcomes


def _tell(folder: Path, outcomes: Mapping[str, Outcome]) -> None:
    told = under_way()
    for method, outcome in outcomes.items():
        told.lines[method] = outcome.describe()
        if isinstance(outcome, Kernel):
            told.engines[method] = outcome.engine
        log.info("%s: %s: %s", folder, method, told.lines[method])
