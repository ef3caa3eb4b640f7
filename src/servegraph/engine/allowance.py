"""What observers of requests may take of the event loop's time: as much as they like while there is some left.

Watching must not slow down what is watched. While the loop is busy with requests, observers see what comes for some
seconds, and then a sample; they count the rest.
"""

from time import monotonic, thread_time

PERIOD_S = 0.1
BUSY = 0.4  # of a core: the loop's requests come in bursts, and it shares the cores with what observes


class Allowance:
    """Says how much of what comes may be taken; asked by the loop's own thread.

    Args:
        busy_rate: how much a second while the thread computes for over 40 % of the time; any amount otherwise.
        burst: how much can be saved up for that, and is at the start.
    """

    def __init__(self, busy_rate: float, burst: int) -> None:
        self._rate = busy_rate
        self._burst = self._saved = float(burst)
        self._is_busy = False
        self._began, self._spent = monotonic(), thread_time()

    def granted(self, count: int) -> int:
        """How many of so many."""
        now = monotonic()
        if now - self._began >= PERIOD_S:
            self._begin(now)
        if not self._is_busy:
            return count
        granted = count if count <= self._saved else int(self._saved)
        self._saved -= granted
        return granted

    def _begin(self, now: float) -> None:
        spent, passed = thread_time(), now - self._began
        self._is_busy = spent - self._spent > BUSY * passed
        self._saved = min(self._burst, self._saved + self._rate * passed)
        self._began, self._spent = now, spent
