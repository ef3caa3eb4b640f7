"""Kernels in files: one `.npz` each, of numbers and text, that NumPy reads without running anything.

A kernel is found by its key and only if all libraries have the versions it was proved with. What cannot be
read, for whatever reason, is not there: the caller compiles again.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from servegraph.kernels.kernel import Cost, Kernel, Outcome, Proof, Refusal
from servegraph.kernels.steps import STEPS
from servegraph.kernels.steps.beside import Branch
from servegraph.kernels.steps.step import Array
from servegraph.kernels.versions import versions

_FORMAT = 1
"""Counts changes of the steps: with another meaning, old files must not be read."""

_CLASSES = {kind.__name__: kind for kind in (*STEPS, Branch, Kernel, Refusal, Proof, Cost)}
_SAME = 1e-9  # another processor adds in another order


def save(outcome: Outcome, folder: Path, key: str) -> None:
    """Writes a kernel or a refusal, whole or not at all.

    Args:
        key: all that it depends on: the artifact's digest, the method, the evidence's digest, the tolerance.
    """
    arrays: dict[str, Array] = {}
    header = {"format": _FORMAT, "key": key, "outcome": _written(outcome, arrays)}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        os.replace(name, _place(folder, key))
    except BaseException:
        os.unlink(name)
        raise


def load(folder: Path, key: str) -> Outcome | None:
    """What was saved under the key; None if nothing was, or not with these versions, or not readably."""
    try:
        with _place(folder, key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["format"] != _FORMAT or header["key"] != key:
                return None
            made_of = header["outcome"]["made_of"]["list"]
            if [list(pair) for pair in versions(name["list"][0] for name in made_of)] != [p["list"] for p in made_of]:
                return None
            outcome: Outcome = _read(header["outcome"], arrays)
        return outcome if isinstance(outcome, Refusal) or _answers(outcome) else None
    except Exception:  # missing, cut off, of another machine: onnxruntime and zipfile have errors of their own
        return None


def _place(folder: Path, key: str) -> Path:
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def _answers(kernel: Kernel) -> bool:
    """The kernel still says to its sample what it said when it was proved."""
    rows, want = kernel.sample
    got = kernel(rows)
    if want.dtype.kind != "f":
        return np.array_equal(got, want)
    return got.shape == want.shape and np.allclose(got, want, rtol=_SAME, atol=_SAME, equal_nan=True)


def _written(value: Any, arrays: dict[str, Array]) -> Any:
    """`value` as JSON; arrays and bytes go to `arrays`."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return {"texts": value.tolist()}
    if isinstance(value, np.ndarray | bytes):
        name = f"a{len(arrays)}"
        arrays[name] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        return {"bytes" if isinstance(value, bytes) else "array": name}
    if is_dataclass(value):
        content = {field.name: _written(getattr(value, field.name), arrays) for field in fields(value) if field.init}
        return {"class": type(value).__name__, **content}
    if isinstance(value, Mapping):
        return {"map": {name: _written(entry, arrays) for name, entry in value.items()}}
    if isinstance(value, tuple):
        return {"list": [_written(entry, arrays) for entry in value]}
    return value


def _read(value: Any, arrays: Mapping[str, Array]) -> Any:
    if not isinstance(value, dict):
        return value
    if "class" in value:
        content = {name: _read(entry, arrays) for name, entry in value.items() if name != "class"}
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
            return {name: _read(entry, arrays) for name, entry in content.items()}
    return tuple(_read(entry, arrays) for entry in content)
