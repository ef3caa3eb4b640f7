"""Rows made into the table that a model's columns ask for: by name, else in their order.

Source:
    MLflow's enforcement of column signatures: extra columns are dropped, others put in order. It
    refuses columns without names, which is how most callers of Seldon send them; here they take the
    signature's in order. `t:0`, `t:1`, ... are the names of nodes that have none.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.artifacts.signature import Field
from servegraph.errors import InvalidPayload
from servegraph.servers.cells import GUESSED, cast, missing

Table = Mapping[str, NDArray[Any]]

log = logging.getLogger(__name__)


class Columns:
    """The columns that a model takes.

    Args:
        by_position_too: names that are not the model's count for nothing, as they do for Seldon, if
            there are as many columns as it takes.
    """

    def __init__(self, fields: Sequence[Field], *, by_position_too: bool = False) -> None:
        self._fields = tuple(fields)
        self._names = [field.name if field.name is not None else str(at) for at, field in enumerate(fields)]
        self._named = all(field.name is not None for field in fields)
        self._by_position_too = by_position_too
        self._are_doubles = all(field.dtype == "double" for field in fields)
        self._take_doubles = all(field.dtype in ("double", GUESSED) for field in fields)
        self._dropped: set[str] = set()

    def frame(self, value: Any, names: Sequence[str]) -> Any:
        """The DataFrame of an array, or of JSON.

        Raises:
            InvalidPayload: columns are missing, or hold other things than they should.
        """
        import pandas

        values = self.values(value, names)
        labels: Any = self._names if self._named else range(len(self._names))
        if isinstance(values, np.ndarray):
            return pandas.DataFrame(values, columns=labels)
        return pandas.DataFrame(dict(zip(labels, values, strict=True)))

    def matrix(self, value: Any, names: Sequence[str]) -> NDArray[Any]:
        """The same as a plain array; raises as `frame`."""
        values = self.values(value, names)
        return values if isinstance(values, np.ndarray) else np.column_stack(values)

    def doubles(self, value: Any, names: Sequence[str]) -> NDArray[np.float64] | None:
        """The rows in the model's order, if they came as numbers that float64 holds, and a table would too; else None.

        Raises:
            InvalidPayload: as `frame`.
        """
        if not self._take_doubles or not isinstance(value, np.ndarray) or not _is_number(value.dtype):
            return None
        rows = self._rows(value)
        if rows.dtype != np.float64:
            if not _are_exact(rows):
                return None
            rows = rows.astype(np.float64)
        order = self._order(names, rows.shape[1])
        if None in order:
            return None
        return rows if order == list(range(rows.shape[1])) else rows[:, np.array(order)]

    def values(self, value: Any, names: Sequence[str]) -> NDArray[Any] | list[NDArray[Any]]:
        """The columns in the model's order: as one array where all are doubles, else each for itself."""
        if isinstance(value, np.ndarray):
            rows = self._rows(value)
            order = self._order(names, rows.shape[1])
            if self._are_doubles and None not in order and _are_exact(rows):
                in_order = order == list(range(rows.shape[1]))
                return (rows if in_order else rows[:, np.array(order)]).astype(np.float64, copy=False)
            return [self._cell(field, rows, at) for field, at in zip(self._fields, order, strict=True)]
        table, count = _table(value, self._names)
        self._check(list(table))
        return [
            cast(field, table[name]) if name in table else missing(field, count)
            for field, name in zip(self._fields, self._names, strict=True)
        ]

    def _cell(self, field: Field, rows: NDArray[Any], at: int | None) -> NDArray[Any]:
        return missing(field, len(rows)) if at is None else cast(field, rows[:, at])

    def _rows(self, array: NDArray[Any]) -> NDArray[Any]:
        if array.ndim == 1 and len(self._fields) == 1:
            array = array.reshape(-1, 1)
        if array.ndim != 2 or len(array) == 0:
            sent = " x ".join(map(str, array.shape)) or "no dimension"
            what = f"the model takes rows of {len(self._fields)} columns, got an array of {sent}"
            raise InvalidPayload(what, hint=f"send one list a row: {self._told()}")
        return array

    def _order(self, names: Sequence[str], width: int) -> list[int | None]:
        """For each of the model's columns the number of the one that was sent; None where none was."""
        if len(names) not in (0, width):
            raise InvalidPayload(f"there are {len(names)} names for {width} columns", hint="name each column once")
        unnamed = not names or not self._named or list(names) == [f"t:{at}" for at in range(width)]
        if not unnamed and self._by_position_too and not set(self._names) <= set(names):
            unnamed = width == len(self._names)
        if unnamed:
            return self._by_position(width)
        if len(set(names)) < width:
            raise InvalidPayload("two columns have the same name", hint="name each column once")
        self._check(names)
        where = {name: at for at, name in enumerate(names)}
        return [where.get(name) for name in self._names]

    def _by_position(self, width: int) -> list[int | None]:
        if width != len(self._names):
            what = f"the model takes {len(self._names)} columns, got {width} without names"
            raise InvalidPayload(what, hint=f"name them, or send {self._told()}")
        return list(range(width))

    def _check(self, names: Sequence[str]) -> None:
        required = [name for name, field in zip(self._names, self._fields, strict=True) if field.required]
        absent = [name for name in required if name not in set(names)]
        if absent:
            what = f"the model's columns {_listed(absent)} are missing; sent were {_listed(names)}"
            raise InvalidPayload(what, hint=f"send {self._told()}")
        extra = set(names) - set(self._names) - self._dropped
        if extra:
            self._dropped |= extra
            log.warning("columns that the model does not take are dropped: %s", _listed(sorted(extra)))

    def _told(self) -> str:
        return _listed(self._names) if self._named else f"{len(self._names)} columns"


def _is_number(dtype: np.dtype[Any]) -> bool:
    return dtype == np.float64 or dtype.kind in "iu"


def _are_exact(rows: NDArray[Any]) -> bool:
    """Whether every number is one of float64 for sure."""
    if rows.dtype.kind in "iu":
        return bool(rows.size and rows.max() <= 2**53 and rows.min() >= -(2**53))
    return rows.dtype.kind == "f"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return f"{shown}, ... ({len(names)})" if len(names) > 12 else shown or "none"


def _table(value: Any, names: Sequence[str]) -> tuple[Table, int]:
    """The columns of JSON, and how many rows they have."""
    columns = _by_name(value, names)
    counts = {len(column) for column in columns.values()}
    if len(counts) != 1 or counts == {0}:
        raise InvalidPayload(
            "jsonData is no table", hint='send {"column": [values, ...], ...}, or a list of such objects'
        )
    return columns, counts.pop()


def _by_name(value: Any, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    match value:
        case {"dataframe_split": {"columns": [*columns], "data": [*rows]}}:
            return _by_name([dict(zip(columns, row, strict=False)) for row in rows], names)
        case {"dataframe_records": records} if len(value) == 1:
            return _by_name(records, names)
        case {"instances": inner} | {"inputs": inner} if len(value) == 1 and isinstance(inner, list | dict):
            return _by_name(inner, names)
        case dict() if any(isinstance(cells, list | np.ndarray) for cells in value.values()):
            return {str(name): _objects(cells) for name, cells in value.items()}
        case dict():
            return {str(name): _objects([cell]) for name, cell in value.items()}
        case [dict(), *_] if all(isinstance(row, dict) for row in value):
            found = dict.fromkeys(name for row in value for name in row)
            return {str(name): _objects([row.get(name) for row in value]) for name in found}
        case [[*_], *_] if all(isinstance(row, list) and len(row) == len(names) for row in value):
            return {name: _objects([row[at] for row in value]) for at, name in enumerate(names)}
        case str() | bytes() if len(names) == 1:
            return {names[0]: _objects([value])}
    raise InvalidPayload("the model takes a table", hint=f"with the columns {_listed(names)}")


def _objects(cells: Any) -> NDArray[Any]:
    if isinstance(cells, np.ndarray):
        return cells.reshape(-1) if cells.ndim > 1 and cells.size == len(cells) else cells
    cells = cells if isinstance(cells, list) else [cells]
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
