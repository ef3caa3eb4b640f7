"""A model's kernels, and what else is known of it, in a file: an `.npz` of numbers and text, that NumPy reads without
running anything.

Kernels are found by their key and only if all libraries have the versions they were proved with. What cannot
be read, for whatever reason, is not there: the caller compiles again. When one is written, those that nobody asked
for longest go, if they are too much together.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from servegraph.kernels.kernel import Cost, Kernel, Outcome, Proof, Refusal
from servegraph.kernels.steps import STEPS
from servegraph.kernels.steps.beside import Branch
from servegraph.kernels.steps.step import Array
from servegraph.kernels.versions import versions

_FORMAT = 4
"""Counts changes of the steps: with another meaning, old files must not be read."""

_MOST_BYTES = 1 << 29
"""Of all files in a folder: those of some hundred models, or a dozen large ones."""

_SAME = 1e-9  # another processor adds in another order

Fact = Array | int | str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a model without its library.

    Attributes:
        outcomes: a kernel, or why there is none, by method.
        facts: whatever the caller wants to know of the model later; arrays are of numbers, or of `str` objects.
    """

    outcomes: Mapping[str, Outcome]
    facts: Mapping[str, Fact] = field(default_factory=dict)


_CLASSES = {kind.__name__: kind for kind in (*STEPS, Branch, Kernel, Refusal, Proof, Cost, Kept)}


def save(kept: Kept, folder: Path, key: str) -> None:
    """Writes all that is known, whole or not at all; what several methods share is written once.

    Args:
        key: all that they depend on: the artifact's digest, the evidence's digest, the tolerance.
    Raises:
        OSError: the folder cannot be written, or is full.
    """
    arrays = _Arrays()
    header = {"format": _FORMAT, "key": key, "kept": _written(kept, arrays)}
    content = np.frombuffer(json.dumps(header).encode(), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=content, **arrays.named)
        os.replace(name, _place(folder, key))
    except BaseException:
        os.unlink(name)
        raise
    _make_room(folder)


def load(folder: Path, key: str) -> Kept | None:
    """What was saved under the key; None if nothing was, or not with these versions, or not readably."""
    try:
        with _place(folder, key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["format"] != _FORMAT or header["key"] != key:
                return None
            if not all(map(_is_of_now, header["kept"]["outcomes"]["map"].values())):
                return None
            kept: Kept = _read(header["kept"], arrays, {})
        if not all(map(_answers, kept.outcomes.values())):
            return None
        with suppress(OSError):  # not ours to write
            os.utime(_place(folder, key))
        return kept
    except Exception:  # missing, cut off, of another machine: onnxruntime and zipfile have errors of their own
        return None


def _make_room(folder: Path) -> None:
    """Deletes what was used longest ago, and what a process that was killed left, until the rest is not too much.

    The newest stays, whatever its size. Others may do the same; who reads a file meanwhile has it open.
    """
    found = []
    for path in folder.iterdir():
        with suppress(OSError):  # another process was first
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, path))
    total = 0
    for number, (_, size, path) in enumerate(sorted(found, reverse=True)):
        total += size
        if number and total > _MOST_BYTES:
            with suppress(OSError):
                path.unlink()


def _is_of_now(outcome: Any) -> bool:
    made_of = [pair["list"] for pair in outcome["made_of"]["list"]]
    return [list(pair) for pair in versions(name for name, _ in made_of)] == made_of


def _place(folder: Path, key: str) -> Path:
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def _answers(outcome: Outcome) -> bool:
    """The kernel still says to its sample what it said when it was proved."""
    if isinstance(outcome, Refusal):
        return True
    rows, want = outcome.sample
    got = outcome(rows)
    if want.dtype.kind != "f":
        return np.array_equal(got, want)
    return got.shape == want.shape and np.allclose(got, want, rtol=_SAME, atol=_SAME, equal_nan=True)


class _Arrays:
    """Arrays by name, the same content once."""

    def __init__(self) -> None:
        self.named: dict[str, Array] = {}
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def name(self, array: Array) -> str:
        content = (array.dtype.str, array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest())
        name = self._names.setdefault(content, f"a{len(self._names)}")
        self.named[name] = array
        return name


def _written(value: Any, arrays: _Arrays) -> Any:
    """`value` as JSON; arrays and bytes go to `arrays`."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return {"texts": value.tolist()}
    if isinstance(value, np.ndarray):
        return {"array": arrays.name(value)}
    if isinstance(value, bytes):
        return {"bytes": arrays.name(np.frombuffer(value, np.uint8))}
    if is_dataclass(value):
        content = {each.name: _written(getattr(value, each.name), arrays) for each in fields(value) if each.init}
        return {"class": type(value).__name__, **content}
    if isinstance(value, Mapping):
        return {"map": {name: _written(entry, arrays) for name, entry in value.items()}}
    if isinstance(value, tuple):
        return {"list": [_written(entry, arrays) for entry in value]}
    return value


def _read(value: Any, arrays: Mapping[str, Array], known: dict[str, Any]) -> Any:
    """Of what was written alike, one object: two methods of a forest share its session."""
    if not isinstance(value, dict):
        return value
    text = json.dumps(value)
    if text not in known:
        known[text] = _made(value, arrays, known)
    return known[text]


def _made(value: dict[str, Any], arrays: Mapping[str, Array], known: dict[str, Any]) -> Any:
    if "class" in value:
        content = {name: _read(entry, arrays, known) for name, entry in value.items() if name != "class"}
        return _CLASSES[value["class"]](**content)
    ((kind, content),) = value.items()
    match kind:
        case "texts":
            return np.array(content, object)
        case "array":
            return arrays[content]
        case "bytes":
            return arrays[content].tobytes()
        case "map":
            return {name: _read(entry, arrays, known) for name, entry in content.items()}
    return tuple(_read(entry, arrays, known) for entry in content)
