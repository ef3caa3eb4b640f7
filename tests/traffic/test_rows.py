"""Which rows are sent: epochs, seeds, and the row at which the script begins."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from servegraph.traffic.stream import Script, play


@dataclass(frozen=True)
class Five:
    rows: Any = field(default_factory=lambda: np.arange(5.0).reshape(5, 1))
    labels: Any = field(default_factory=lambda: np.arange(5))
    feature_names: tuple[str, ...] = ("x",)
    class_names: tuple[str, ...] = ("a", "b", "c", "d", "e")


def plus_100(rows: Any, labels: Any, rng: Any) -> Any:
    return rows + 100, labels


def only_the_third(rows: Any, labels: Any, rng: Any) -> Any:
    third = np.flatnonzero(labels == 2)
    return rows[third], labels[third]


def values(rows: Any) -> list[float]:
    return [float(row.values[0]) for row in rows]


def test_each_epoch_has_every_row_once_in_an_order_of_its_own() -> None:
    sent = values(play(Five(), None, 15, seed=0))
    epochs = [sent[:5], sent[5:10], sent[10:]]
    assert [sorted(epoch) for epoch in epochs] == [[0.0, 1.0, 2.0, 3.0, 4.0]] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_same_seed_sends_the_same_rows() -> None:
    assert values(play(Five(), None, 12, seed=1)) == values(play(Five(), None, 12, seed=1))
    assert values(play(Five(), None, 12, seed=1)) != values(play(Five(), None, 12, seed=2))


def test_rows_keep_their_labels() -> None:
    assert all(row.values[0] == row.label for row in play(Five(), None, 10, seed=3))


def test_shift_begins_exactly_at_its_row() -> None:
    rows = list(play(Five(), Script("plus", plus_100, at=7), 12, seed=0))
    assert [row.values[0] >= 100 for row in rows] == [False] * 7 + [True] * 5
    assert [row.shifted for row in rows] == [False] * 7 + [True] * 5
    assert [row.number for row in rows] == list(range(12))
    assert values(rows)[:7] == values(play(Five(), None, 7, seed=0))


def test_shift_may_send_other_rows_and_fewer_of_them() -> None:
    rows = list(play(Five(), Script("third", only_the_third, at=0), 4, seed=0))
    assert [row.label for row in rows] == [2, 2, 2, 2]
