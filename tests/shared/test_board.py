"""Rows in shared memory: written by one process each, read and summed by all."""

from tests.shared.forking import printed

from servegraph.observe.rows import Brought
from servegraph.shared import Board


def test_totals_are_sums_over_all_places() -> None:
    board = Board(2, room=4096)
    first, second = board.place(0), board.place(1)
    first.row("calls", ("a",), 2)[0] += 3
    second.row("calls", ("a",), 2)[0] += 4
    second.row("calls", ("b", "ü"), 2)[1] += 0.5

    for place in (first, second):
        assert place.totals("calls") == {("a",): [7.0, 0.0], ("b", "ü"): [0.0, 0.5]}
        assert place.totals("others") == {}


def test_row_is_the_same_whenever_it_is_asked_for() -> None:
    place = Board(1, room=4096).place(0)
    place.row("calls", (), 1)[0] += 1
    place.row("calls", (), 1)[0] += 1
    assert place.totals("calls") == {(): [2.0]}


def test_what_another_process_writes_is_seen_and_gone_on_with() -> None:
    said = printed("""
        board = Board(2, room=4096)

        def work():
            board.place(1).row("calls", ("a",), 1)[0] += 5

        in_another_process(work)
        in_another_process(work)
        print(board.place(0).totals("calls"))
    """)
    assert said == ["{('a',): [10.0]}"]


def test_what_has_no_room_is_not_counted_and_costs_nothing_else(caplog) -> None:
    place = Board(2, room=64).place(0)
    for number in range(3):
        place.row("calls", (str(number),), 2)[0] += 1

    assert place.totals("calls") == {("0",): [1.0, 0.0]}
    assert [record.getMessage() for record in caplog.records] == [
        "there is no room for more metrics: calls ('1',) and others are not counted"
    ]


def test_counts_brought_from_elsewhere_go_on_where_the_last_process_ended() -> None:
    board = Board(1, room=4096)
    before = Brought(board.place(0), "rows")
    assert before.totals({(): (3, 1)}) == {(): [3, 1]}
    assert before.totals({(): (4, 1)}) == {(): [4, 1]}
    assert Brought(board.place(0), "rows").totals({(): (2, 0)}) == {(): [6, 1]}
