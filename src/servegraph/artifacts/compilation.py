"""What is known while a component loads its models, and what became of them. No NumPy here: commands import it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from servegraph.errors import ConfigurationError

VARIABLE = "SERVEGRAPH_ACCELERATE"
_WISHES = ("auto", "off", "require")


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a component's models became.

    Attributes:
        rows: evidence from beside the artifacts, such as a detector's reference; arrays of shape (n, features).
        state: a state folder, for the kernels of artifacts that lie in none.
        engines: what computes, by method: `numpy` or `onnxruntime`; the methods that run as they are have none.
        lines: what is said of each method that was tried, or of `accelerate` where nothing was.
    """

    rows: Sequence[Any] = ()
    state: Path | None = None
    engines: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)


_UNDER_WAY: Final[ContextVar[Compilation | None]] = ContextVar("compilation", default=None)


@contextmanager
def compilation(rows: Sequence[Any] = (), state: Path | None = None) -> Iterator[Compilation]:
    """Models that are loaded within are proved with `rows` too, kept in `state`, and told of.

    Raises:
        ConfigurationError: the variable says something that there is not.
    """
    wish()
    found = Compilation(rows, state)
    token = _UNDER_WAY.set(found)
    try:
        yield found
    finally:
        _UNDER_WAY.reset(token)


def under_way() -> Compilation:
    """The one that the model which is being loaded belongs to, or one that nobody looks at."""
    return _UNDER_WAY.get() or Compilation()


def wish() -> str:
    """`auto`, `off` or `require`.

    Raises:
        ConfigurationError: the variable says something else.
    """
    said = os.environ.get(VARIABLE) or "auto"
    if said not in _WISHES:
        raise ConfigurationError(f"{VARIABLE} is {said!r}", hint=f"write one of {', '.join(_WISHES)}")
    return said
