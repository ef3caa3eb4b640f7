"""What is shown of processes that serve together, and go on where others ended."""

from tests.observe.history import NODES

from servegraph.observe.metrics import Metrics
from servegraph.shared import Board
from servegraph.verdict import MonitorReport


def rows_of(queued: int, sent: int, dropped: int) -> MonitorReport:
    return MonitorReport(connected=True, queued=queued, sent=sent, dropped=dropped, detectors={})


def test_rows_that_waited_in_a_killed_process_are_counted_as_dropped() -> None:
    board = Board(2)
    killed, other, successor = rows_of(5, 10, 1), rows_of(2, 20, 0), rows_of(3, 4, 0)
    for place, report in ((0, killed), (1, other)):
        Metrics("d", "p", "", NODES, lambda report=report: report, rows=board.place(place)).publish()

    metrics = Metrics("d", "p", "", NODES, lambda: successor, rows=board.place(0))
    for _ in range(2):
        report = metrics.report()
        assert report is not None
        assert (report.queued, report.sent, report.dropped) == (3 + 2, 10 + 20 + 4, 1 + 5)
