"""What the monitor knew, on disk: the states, and the rows that waited for their window.

Written whole and renamed, so a reader sees an old one or a new one. A file that cannot be
understood is worth a warning, never a monitor that does not start.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import orjson

from servegraph.monitor.rows import Chunk
from servegraph.monitor.wire import chunks_of
from servegraph.verdict import DetectorState, DriftVerdict

_log = logging.getLogger(__name__)


class Saved(NamedTuple):
    """One detector's part of the checkpoint."""

    state: DetectorState
    rows: Sequence[Chunk]


def save(path: Path, detectors: Mapping[str, Saved]) -> None:
    """Replace the checkpoint; a disk that refuses is a warning."""
    document = {
        node: {
            "state": saved.state.as_json(),
            "rows": [{"names": list(chunk.names), "rows": chunk.rows} for chunk in saved.rows],
        }
        for node, saved in detectors.items()
    }
    # One monitor writes this path at a time, yet one that is just ending must not share its file.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=lambda rows: rows.tolist()))
        draft.replace(path)
    except OSError as error:
        _warn_once(str(error))
        draft.unlink(missing_ok=True)


@cache
def _warn_once(error: str) -> None:
    # It is tried each second while rows come.
    _log.warning("the monitor's checkpoint cannot be written: %s", error)


def load(path: Path) -> dict[str, Saved]:
    """What was saved, by node; empty when there is nothing to go on with."""
    try:
        document = orjson.loads(path.read_bytes())
        return {node: _saved(node, part) for node, part in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("the monitor's checkpoint %s cannot be read, counting starts anew: %s", path, error)
        return {}


def _saved(node: str, part: Mapping[str, Any]) -> Saved:
    state = DetectorState.from_json(part["state"])
    if state.node != node or state.verdict not in get_args(DriftVerdict):
        raise ValueError(f"no state of {node!r}")
    if not all(isinstance(count, int) for count in state.windows.values()):
        raise ValueError(f"no counts of {node!r}")
    rows = [chunk for group in part["rows"] for chunk in chunks_of(node, group["names"], group["rows"])]
    return Saved(state, rows)
