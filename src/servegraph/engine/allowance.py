"""What observers of requests may take of the event loop's time: as much as they like while there is some left.

Watching must not slow down what is watched. While the loop is busy with requests, observers take what comes first,
then a sample, and count the rest; and they hand on what they took little by little.
"""

from time import monotonic, thread_time

PERIOD_S = 0.05
BUSY = 0.4  # of a core: the loop's requests come in bursts, and it shares the cores with what observes
SLOW_S = 1.0  # between two times that something is handed on while the loop is busy
SLOW_PARTS = 4  # one of so many of what waits is handed on at a time: half of it in three seconds


class Allowance:
    """Says how much of what comes may be taken; asked by the loop's own thread.

    Args:
        busy_rate: how much a second while the thread computes for over 40 % of the time.
        burst: how much can be saved up for that, and is at the start; and after how much that is taken at once it is
            looked again whether there is time.
    """

    def __init__(self, busy_rate: float, burst: float) -> None:
        self._rate = busy_rate
        self._burst = self._saved = float(burst)
        self._is_busy = False
        self._began, self._spent = monotonic(), thread_time()

    @property
    def is_busy(self) -> bool:
        """Whether the loop had little time left a moment ago."""
        now = monotonic()
        if now - self._began >= PERIOD_S:
            self._begin(now)
        return self._is_busy

    def granted(self, count: int) -> int:
        """How many of so many."""
        has_time = not self.is_busy and self._saved >= 1
        granted = count if has_time or count <= self._saved else int(self._saved)
        self._saved = max(0.0, self._saved - granted)
        return granted

    def _begin(self, now: float) -> None:
        spent, passed = thread_time(), now - self._began
        self._is_busy = spent - self._spent > BUSY * passed
        self._saved = min(self._burst, self._saved + self._rate * passed) if self._is_busy else self._burst
        self._began, self._spent = now, spent
