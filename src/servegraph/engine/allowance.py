"""What observers of requests may take of the event loop's time: as much as they like while there is some left.

Watching must not slow down what is watched. While the loop is busy with requests, observers see a sample of
them, and count the rest.
"""

from math import inf
from time import monotonic, thread_time

PERIOD_S = 0.1
BUSY = 0.4  # of a core: the loop's requests come in bursts, and it shares the cores with what observes


class Allowance:
    """Says how much of what comes may be taken; asked by the loop's own thread.

    Args:
        busy_rate: how much a second while the thread computes for over 40 % of the time; any amount otherwise.
    """

    def __init__(self, busy_rate: float) -> None:
        self._share = busy_rate * PERIOD_S
        self._left = inf
        self._began, self._spent = monotonic(), thread_time()

    def granted(self, count: int) -> int:
        """How many of so many."""
        now = monotonic()
        if now - self._began >= PERIOD_S:
            self._begin(now)
        granted = count if count <= self._left else int(self._left)
        self._left -= granted
        return granted

    def _begin(self, now: float) -> None:
        spent = thread_time()
        is_busy = spent - self._spent > BUSY * (now - self._began)
        self._left = self._share if is_busy else inf
        self._began, self._spent = now, spent
