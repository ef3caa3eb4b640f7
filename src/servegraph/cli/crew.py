"""What one process of a run knows of those it serves with: here of none, as it serves alone."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from servegraph.observe.rows import OwnRows, Rows
from servegraph.shared import Ledger


class Crew(Protocol):
    """The process among the others.

    Attributes:
        rows: where it counts, and sees what all have counted.
        worker_id: stands for it in the metrics of components, and for its successors.
        pid: the process that is asked to stop, and stops all.
    """

    rows: Rows
    worker_id: str
    pid: int

    @property
    def processes(self) -> Callable[[], Sequence[int]] | None:
        """Gives all of them, the one that started the others first; None where there is one."""

    def ledger(self, predictor: int) -> Ledger:
        """The record of a predictor's predictions, whoever made them."""

    def is_complete(self) -> bool:
        """Whether all have begun to serve."""

    def status(self) -> list[dict[str, Any]]:
        """What `servegraph status` shows of each worker."""


class Alone:
    """Implements `Crew` for the only process of a run."""

    processes: Callable[[], Sequence[int]] | None = None

    def __init__(self, feedback_memory: int) -> None:
        self.rows: Rows = OwnRows()
        self.pid = os.getpid()
        self.worker_id = str(self.pid)
        self._feedback_memory = feedback_memory

    def ledger(self, predictor: int) -> Ledger:
        return Ledger(self._feedback_memory)

    def is_complete(self) -> bool:
        return True

    def status(self) -> list[dict[str, Any]]:
        return []
