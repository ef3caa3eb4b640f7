"""Which versions a kernel was made with: another version of a library may answer otherwise, and another of our own
may read what this one refuses.
"""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

_OTHER_NAMES = {"sklearn": ("scikit-learn",), "xgboost": ("xgboost", "xgboost-cpu")}


def versions(libraries: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Name and installed version, without importing; for one that is not there, an empty version."""
    return tuple((library, _version(library)) for library in sorted({*libraries, "numpy", "onnxruntime", "servegraph"}))


def _version(library: str) -> str:
    for name in _OTHER_NAMES.get(library, (library,)):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""
