"""What the workers of a run share, and how each of them sees it.

All of it is memory that the parent makes before it forks them: numbers in a place for each worker,
which its successor takes over, and the record of predictions.
"""

import os
from collections.abc import Sequence
from typing import Any

from servegraph.observe.rows import Rows
from servegraph.shared import Board, Ledger

WORKER, OPEN = "worker", "open"  # families of rows: what a worker is, and whether all have begun
_PID, _FIRST_PID, _BEATS, _LIVES = range(4)  # of a worker's row


class CrewMemory:
    """The memory, made in the parent.

    Args:
        workers: how many there are.
        predictors: how many there are.
        feedback_memory: predictions that each worker remembers of each predictor.
    """

    def __init__(self, workers: int, predictors: int, feedback_memory: int) -> None:
        self.parent = os.getpid()
        self.workers = workers
        self._board = Board(workers + 1)  # the last place is the parent's
        self._ledgers = [Ledger(feedback_memory, workers) for _ in range(predictors)]

    def member(self, number: int) -> "Member":
        """This process as a worker; to be called in it."""
        place = self._board.place(number)
        return Member(self, place, [ledger.at(number) for ledger in self._ledgers])

    def is_ready(self, number: int, pid: int | None) -> bool:
        """Whether this process serves as that worker."""
        row = self._row(number)
        return row is not None and row[_PID] == pid and row[_BEATS] > 0

    def beats(self, number: int) -> int:
        """How often the process that is that worker has said that it serves."""
        row = self._row(number)
        return int(row[_BEATS]) if row is not None else 0

    def open(self) -> None:
        """Say that all workers have begun to serve."""
        self._board.place(self.workers).row(OPEN, (), 1)[0] = 1

    def is_open(self) -> bool:
        return bool(self._board.rows(OPEN)[self.workers])

    def processes(self) -> list[int]:
        """The process ids of the parent and of the workers that live."""
        rows = [self._row(number) for number in range(self.workers)]
        return [self.parent, *(int(row[_PID]) for row in rows if row is not None and _is_alive(int(row[_PID])))]

    def status(self) -> list[dict[str, Any]]:
        """Process id, whether it serves, and how often it was started again, for each worker."""
        found = []
        for number in range(self.workers):
            row = self._row(number)
            pid = int(row[_PID]) if row is not None else None
            serves = pid is not None and self.is_ready(number, pid) and _is_alive(pid)
            restarts = int(row[_LIVES]) - 1 if row is not None else 0
            found.append({"pid": pid, "ready": serves, "restarts": restarts})
        return found

    def _row(self, number: int) -> Sequence[float] | None:
        return self._board.rows(WORKER)[number].get(())


class Member:
    """Implements `Crew` for one worker."""

    def __init__(self, memory: CrewMemory, rows: Rows, ledgers: Sequence[Ledger]) -> None:
        self._memory = memory
        self._ledgers = ledgers
        self._row = rows.row(WORKER, (), 4)
        self.rows = rows
        self.pid = memory.parent
        self.processes = memory.processes
        self._begin()
        self.worker_id = str(int(self._row[_FIRST_PID]))

    def _begin(self) -> None:
        row = self._row
        row[_BEATS] = 0
        row[_PID] = os.getpid()
        row[_FIRST_PID] = row[_FIRST_PID] or row[_PID]
        row[_LIVES] += 1

    def beat(self) -> None:
        """Say that this worker serves; to be said again and again."""
        self._row[_BEATS] += 1

    def ledger(self, predictor: int) -> Ledger:
        return self._ledgers[predictor]

    def is_complete(self) -> bool:
        return self._memory.is_open()

    def status(self) -> list[dict[str, Any]]:
        return self._memory.status()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
