"""The shape that a message claims for its array, checked before anything of that size is made."""

from collections.abc import Iterable
from math import prod
from typing import Any

from servegraph.errors import MalformedArray
from servegraph.payload.message import MAX_DIMENSIONS, MAX_SIZE

MAX_HOLLOW = 1_048_576  # rows without elements, e.g. of shape [n, 0], that a message may claim


def dimensions(shape: Any, where: str) -> tuple[int, ...]:
    """The sizes in `shape`, none negative; `where` names it in errors.

    Raises:
        MalformedArray: a size is no whole number or too large, or there are too many of them.
    """
    sizes = tuple(shape) if isinstance(shape, Iterable) else (None,)
    if not all(type(size) is int and 0 <= size <= MAX_SIZE for size in sizes):
        raise MalformedArray(f"{where} must be a list of whole numbers, none negative")
    if len(sizes) > MAX_DIMENSIONS:
        raise MalformedArray(f"{where} has {len(sizes)} dimensions; {MAX_DIMENSIONS} are possible")
    # An array without elements costs nothing, but as JSON each of its rows is written.
    if 0 in sizes and prod(size for size in sizes if size) > MAX_HOLLOW:
        raise MalformedArray(f"{where} has a size of 0 and over {MAX_HOLLOW} rows")
    return sizes
