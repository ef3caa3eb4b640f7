"""A scikit-learn model whose methods run as proved kernels (`servegraph.kernels`), and which is otherwise itself.

What was proved once is kept in the state folder that the artifact lies in, by its digest, so that a later start
needs neither the proof nor scikit-learn. `SERVEGRAPH_ACCELERATE`, which a node's container may set, says whether:
`auto` (where a proof holds), `off`, or `require` (refuse what cannot be).
"""

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph import kernels
from servegraph.artifacts.folder import describe
from servegraph.errors import ArtifactRefused, ConfigurationError
from servegraph.kernels import Kernel, Refusal

VARIABLE = "SERVEGRAPH_ACCELERATE"
_MODES = ("auto", "off", "require")
_METHODS = ("transform", "predict_proba", "predict")
_STATE = ".servegraph"

log = logging.getLogger(__name__)


class Accelerated:
    """Stands for a model: rows of float64 go to its kernels, everything else to itself, loaded when it is needed."""

    def __init__(self, load: Callable[[], Any], found: Mapping[str, Kernel]) -> None:
        self._load = load
        self._model: Any = None
        for method, kernel in found.items():
            setattr(self, method, self._method(method, kernel))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._itself(), name)

    def _method(self, name: str, kernel: Kernel) -> Callable[[Any], Any]:
        def call(X: Any) -> Any:
            if isinstance(X, np.ndarray) and X.dtype == np.float64 and X.ndim == 2 and len(X):
                return kernel(np.ascontiguousarray(X))
            return getattr(self._itself(), name)(X)

        return call

    def _itself(self) -> Any:
        if self._model is None:
            self._model = self._load()
        return self._model


def accelerated(folder: Path, trusted: Sequence[str], load: Callable[[], Any]) -> Any:
    """The model that `load` gives, or a stand-in for it.

    Raises:
        ArtifactRefused: `load` refuses it; or kernels are required, and there is none.
        ConfigurationError: the variable says something else.
    """
    mode = os.environ.get(VARIABLE) or "auto"
    if mode not in _MODES:
        raise ConfigurationError(f"{VARIABLE} is {mode!r}", hint=f"write one of {', '.join(_MODES)}")
    rows = None if mode == "off" else _evidence(folder)
    if mode == "off" or rows is None:
        return load() if mode != "require" else _refuse(folder, "it has no example rows to prove a kernel with")
    store = _store(folder)
    key = _key(folder, trusted, rows)
    outcomes = _kept(store, key)
    model = None
    if not outcomes:
        model = load()
        outcomes = _compiled(model, rows)
        _keep(store, key, outcomes)
    found = {method: outcome for method, outcome in outcomes.items() if isinstance(outcome, Kernel)}
    for method, outcome in outcomes.items():
        log.info("%s: %s: %s", folder, method, outcome.describe())
    if not found:
        why = next((outcome.why for outcome in outcomes.values() if isinstance(outcome, Refusal)), "it has no method")
        return (model or load()) if mode != "require" else _refuse(folder, why)
    return Accelerated(load if model is None else lambda: model, found)


def _refuse(folder: Path, why: str) -> Any:
    raise ArtifactRefused(f"{folder} cannot be accelerated: {why}", hint=f"set {VARIABLE} to auto")


def _evidence(folder: Path) -> NDArray[np.float64] | None:
    """The rows that the artifact was registered with, if they are numbers."""
    example = describe(folder, uri=str(folder), name=folder.name, version="local").input_example()
    try:
        rows = np.asarray(example, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return rows if rows.ndim == 2 and len(rows) else None


def _store(folder: Path) -> Path | None:
    """Where kernels are kept: beside the artifact's registry or cache; None for a folder that is in no state folder."""
    state = next((parent for parent in folder.resolve().parents if parent.name == _STATE), None)
    return None if state is None else state / "kernels"


def _key(folder: Path, trusted: Sequence[str], rows: NDArray[np.float64]) -> str:
    """All that the kernels depend on: also the types that the caller trusts, as a shorter list may refuse the model."""
    content = describe(folder, uri=str(folder), name=folder.name, version="local").digest
    evidence = hashlib.sha256(rows.tobytes()).hexdigest()
    return " ".join((content, evidence, *sorted(trusted)))


def _kept(store: Path | None, key: str) -> dict[str, Kernel | Refusal]:
    if store is None:
        return {}
    loaded = {method: kernels.load(store, f"{method} {key}") for method in _METHODS}
    return {method: outcome for method, outcome in loaded.items() if outcome is not None}


def _compiled(model: Any, rows: NDArray[np.float64]) -> dict[str, Kernel | Refusal]:
    """A kernel, or the reason why not, for the method that such a model is asked."""
    method = next((name for name in _METHODS if hasattr(model, name)), None)
    return {} if method is None else {method: kernels.compile(model, method, rows=[rows])}


def _keep(store: Path | None, key: str, outcomes: Mapping[str, Kernel | Refusal]) -> None:
    if store is None:
        return
    for method, outcome in outcomes.items():
        try:
            kernels.save(outcome, store, f"{method} {key}")
        except OSError as error:
            log.warning("the kernel of %s cannot be kept in %s: %s", method, store, error.strerror)
