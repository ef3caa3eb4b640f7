"""The words on the socket: detector states one way, a line of JSON each; rows the other, a line of JSON and numbers.

    {"node": "drift", "names": ["radius", "texture"], "shape": [2, 2]}

is followed by so many doubles, row by row, as the machine has them: to print them would take the serving process
ten times as long. No socket is opened here.
"""

from asyncio import StreamReader
from collections.abc import Iterator, Sequence
from itertools import groupby
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


def encode_rows(chunks: Sequence[Chunk]) -> bytes:
    """What is sent for `chunks`: a line and numbers for each run of the same node, names and width.

    No value makes it raise; TypeError when a name is no text.
    """
    return b"".join(piece for run in _runs(chunks) for piece in _encoded(run))


def _runs(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    run = list(chunks[:1])
    for chunk in chunks[1:]:
        node, names, rows = run[0]
        same = chunk.names is names or list(chunk.names) == list(names)
        if same and chunk.node == node and chunk.rows.shape[1] == rows.shape[1]:
            run.append(chunk)
        else:
            yield run
            run = [chunk]
    if run:
        yield run


def _encoded(run: Sequence[Chunk]) -> tuple[bytes, bytes]:
    node, names, first = run[0]
    # A row of one type after another is the rule, and joined in one go.
    rows = _numbers(first if len(run) == 1 else _joined(run))
    said = orjson.dumps({"node": node, "names": list(names), "shape": rows.shape}, option=orjson.OPT_APPEND_NEWLINE)
    return said, rows.tobytes()


def _joined(run: Sequence[Chunk]) -> NDArray[Any]:
    kinds = {chunk.rows.dtype for chunk in run}
    return np.concatenate([chunk.rows if len(kinds) == 1 else _numbers(chunk.rows) for chunk in run])


async def read_rows(reader: StreamReader) -> Chunk | None:
    """The next rows, float64, where what is no finite number is NaN; None at the end.

    Raises ValueError, KeyError or TypeError when there are no rows, IncompleteReadError in the midst of some.
    """
    line = await reader.readline()
    if not line:
        return None
    document = orjson.loads(line)
    count, width = document["shape"]
    if not (0 < count * width * 8 <= LINE_LIMIT and count > 0):
        raise ValueError(f"rows of shape {count} x {width}")
    rows = np.frombuffer(await reader.readexactly(count * width * 8)).reshape(count, width)
    finite = np.isfinite(rows)
    return Chunk(document["node"], document["names"], rows if finite.all() else np.where(finite, rows, np.nan))


def chunks_of(node: str, names: Sequence[str], rows: Sequence[Sequence[float | None]]) -> Iterator[Chunk]:
    """Chunks of equal width; None becomes NaN."""
    for _, run in groupby(rows, key=len):
        yield Chunk(node, names, np.array(list(run), dtype=np.float64))


def encode_state(state: DetectorState) -> bytes:
    return orjson.dumps(state.as_json(), option=orjson.OPT_APPEND_NEWLINE)


def decode_state(line: bytes) -> DetectorState:
    """Raises ValueError, KeyError or TypeError when the line does not hold a state."""
    return DetectorState.from_json(orjson.loads(line))


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
