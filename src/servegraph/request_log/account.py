"""What became of the events of one sink, as the server sees it, and whether it takes another one."""

import logging
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from servegraph.request_log.wire import Limits, Report

SAY_AGAIN_S = 60.0
FULL = "the queue is full"
_NOTHING = Report(0, 0, 0, 0, "")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a sink's events: delivered, refused or not reached, never sent."""

    sent: int
    failed: int
    dropped: int


class Account:
    """Counts the events of a sink until the shipper has said what became of them.

    `name` is the sink's address without what may be secret.

    Attributes:
        place: of the sink among all.
        is_full: whether another event would be dropped whatever its size.
        waiting, waiting_bytes: events that were taken, and of which nothing has been heard.
        handed, handed_bytes: those of them that were written to the shipper.
    """

    def __init__(self, place: int, url: str, limits: Limits) -> None:
        self.place = place
        self.name = _public(url)
        self.is_full = False
        self._is_open = True
        self.waiting = self.waiting_bytes = 0
        self.handed = self.handed_bytes = 0
        self._most = limits.queue + limits.workers
        self._most_bytes = limits.queue_bytes
        self._sent = self._failed = self._dropped = 0
        self._heard = _NOTHING
        self._why = ""
        self._said: float | None = None

    def take(self, size: int) -> bool:
        """Count an event that waits, or one that does not fit."""
        if self.waiting_bytes + size > self._most_bytes:
            self.drop(FULL)
            return False
        self._add(1, size)
        return True

    def drop(self, why: str) -> None:
        """Count an event that is never sent."""
        self._dropped += 1
        self._why = why

    def close(self) -> None:
        """Take no more."""
        self._is_open = False
        self.is_full = True

    def hand(self, size: int) -> None:
        """An event was written to the shipper."""
        self.handed += 1
        self.handed_bytes += size

    def give_up(self, size: int, why: str) -> None:
        """An event that waits is not written."""
        self._add(-1, -size)
        self.drop(why)

    def hear(self, report: Report) -> None:
        """What the shipper says now, where it has said other things before."""
        old, self._heard = self._heard, report
        sent, failed, dropped = report.sent - old.sent, report.failed - old.failed, report.dropped - old.dropped
        self._sent += sent
        self._failed += failed
        self._dropped += dropped
        self._take_off(sent + failed + dropped, report.taken_bytes - old.taken_bytes)
        self._why = report.why if failed or dropped else self._why

    def lose(self, why: str) -> None:
        """The shipper is gone, with all that was written to it; the next one begins to count anew."""
        self._heard = _NOTHING
        if self.handed:
            self._dropped += self.handed
            self._why = why
            self._take_off(self.handed, self.handed_bytes)

    def _take_off(self, events: int, size: int) -> None:
        self.handed -= events
        self.handed_bytes -= size
        self._add(-events, -size)

    def _add(self, events: int, size: int) -> None:
        self.waiting += events
        self.waiting_bytes += size
        is_full = self.waiting >= self._most or self.waiting_bytes >= self._most_bytes
        self.is_full = is_full or not self._is_open

    def counts(self) -> Counts:
        return Counts(self._sent, self._failed, self._dropped)

    def complain(self) -> None:
        """Say what went wrong, at most once a minute; to be asked again and again."""
        if not self._why or (self._said is not None and monotonic() - self._said < SAY_AGAIN_S):
            return
        self._said = monotonic()
        text = "request log to %s: %s (%d sent, %d failed, %d dropped)"
        log.warning(text, self.name, self._why, self._sent, self._failed, self._dropped)
        self._why = ""


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
