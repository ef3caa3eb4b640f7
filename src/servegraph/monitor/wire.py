"""The words on the socket: one JSON document a line, rows one way and detector states the other.

    {"node": "drift", "names": ["radius", "texture"], "rows": [[17.99, 10.38], [null, 17.77]]}

`null` stands for any value that is no finite number. No socket is opened here.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from servegraph.errors import EnvironmentFault
from servegraph.monitor.rows import Chunk
from servegraph.verdict import DetectorState

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of the longest line either end accepts."""

_PATH_LIMIT = 107
"""Bytes of the longest address of a Unix socket on Linux, which is 108 with its closing zero."""


def check_address(socket: Path) -> None:
    """Raise EnvironmentFault when `socket` is too long to be the address of a Unix socket."""
    length = len(bytes(socket))
    if length > _PATH_LIMIT:
        raise EnvironmentFault(
            f"the socket path {str(socket)!r} has {length} bytes, and the system allows {_PATH_LIMIT}",
            hint="use a shorter folder for the run's files, for example one under the temporary folder",
        )


def encode_rows(chunks: Iterable[Chunk]) -> bytes:
    """Lines for `chunks`, one for each run of the same node and names.

    No value makes it raise; TypeError when a name is no text.
    """
    lines = []
    for (node, names), run in groupby(chunks, key=itemgetter(0, 1)):
        rows = [row for chunk in run for row in _numbers(chunk.rows)]
        lines.append(orjson.dumps({"node": node, "names": list(names), "rows": rows}, option=_ROWS))
    return b"".join(lines)


def decode_rows(line: bytes | str) -> Iterator[Chunk]:
    """The chunks of one line, float64, split where the width of the rows changes.

    Raises ValueError, KeyError or TypeError when the line does not hold rows.
    """
    document = orjson.loads(line)
    yield from chunks_of(document["node"], document["names"], document["rows"])


def chunks_of(node: str, names: Sequence[str], rows: Sequence[Sequence[float | None]]) -> Iterator[Chunk]:
    """Chunks of equal width; None becomes NaN."""
    for _, run in groupby(rows, key=len):
        yield Chunk(node, names, np.array(list(run), dtype=np.float64))


def encode_state(state: DetectorState) -> bytes:
    return orjson.dumps(state.as_json(), option=orjson.OPT_APPEND_NEWLINE)


def decode_state(line: bytes) -> DetectorState:
    """Raises ValueError, KeyError or TypeError when the line does not hold a state."""
    return DetectorState.from_json(orjson.loads(line))


_ROWS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def _numbers(rows: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return rows.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        return np.array([_number(value) for value in rows.flat]).reshape(rows.shape)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
