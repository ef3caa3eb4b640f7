"""The record of predictions, for feedback: each process notes its own, any process of the run finds them.

It is plain memory: nothing for the garbage collector to walk through, however much is remembered. The puid is
kept as its hash, which is the same in all forks of a process, and keyed by a secret of that process.
"""

import logging
import mmap
from collections.abc import Mapping
from copy import copy
from struct import Struct
from time import monotonic

import orjson

from servegraph.errors import EnvironmentFault
from servegraph.shared.claims import Claims
from servegraph.shared.records import Records

log = logging.getLogger(__name__)

WAYS_ROOM = 4 * 2**20  # bytes for the texts of the ways through a graph, of which there are few
_PREDICTION = Struct("=qdqqq")  # hash, time, way, the one before it in its chain, whether it was rewarded
_WORDS, _REWARDED = 5, 4  # in a prediction, of 8 bytes each


class Ledger:
    """The routings of the last `capacity` predictions that each process made; the oldest are forgotten.

    Args:
        processes: how many write; it must be made before they are forked.

    Raises:
        EnvironmentFault: the machine has no room for so many.
    """

    def __init__(self, capacity: int = 100_000, processes: int = 1) -> None:
        try:
            self._pages = [_Page(place, capacity) for place in range(processes)]
        except (OSError, OverflowError) as error:
            what = f"there is no memory to remember {capacity:,} predictions"
            raise EnvironmentFault(what, hint="set SERVEGRAPH_FEEDBACK_MEMORY to less") from error
        self._claims = Claims()
        self._routings: dict[tuple[int, int], Mapping[str, int]] = {}
        self._page = self._pages[0]
        self._ways = self._page.ways()

    def at(self, place: int) -> "Ledger":
        """The same ledger for the process that writes there, or for its successor."""
        ledger = copy(self)
        ledger._page = self._pages[place]
        ledger._ways = ledger._page.ways()
        return ledger

    def record(self, puid: str, routing: Mapping[str, int]) -> None:
        """Remember a prediction's way."""
        key = tuple(routing.items())
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = self._page.begin_way(routing)
        if way:
            self._page.add(hash(puid), way)

    def find(self, puid: str) -> "Record | None":
        """The newest prediction of this name that is remembered."""
        known = hash(puid)
        found = [self._record(page, *each) for page in self._pages if (each := page.find(known)) is not None]
        return max(found, key=lambda record: record.time, default=None)

    def _record(self, page: "_Page", number: int, time: float, way: int) -> "Record":
        routing = self._routings.get((page.place, way))
        if routing is None:
            routing = self._routings[page.place, way] = page.routing(way)
        return Record(routing, time, page, number, self._claims)


class Record:
    """A prediction: the way that it took, and when it was made (monotonic seconds)."""

    def __init__(self, routing: Mapping[str, int], time: float, page: "_Page", number: int, claims: Claims) -> None:
        self.routing = routing
        self.time = time
        self._page, self._number, self._claims = page, number, claims

    def claim(self) -> bool:
        """Whether it was not rewarded before; from now on it is."""
        page = self._page
        with self._claims.alone(page.place * page.capacity + self._number % page.capacity):
            return not page.reward(self._number, 1)

    def release(self) -> None:
        """It was not rewarded after all."""
        self._page.reward(self._number, 0)


class _Page:
    """The predictions of one process: a ring of them, and chains through it of those whose hashes are alike.

    Predictions are numbered from 1; `_last` has the number of the newest of each chain.
    """

    def __init__(self, place: int, capacity: int) -> None:
        self.place = place
        self.capacity = capacity
        ring, last = _PREDICTION.size * capacity, 8 * capacity
        memory = memoryview(mmap.mmap(-1, 8 + ring + last + WAYS_ROOM))
        self._count = memory[:8].cast("q")
        self._ring = memory[8 : 8 + ring]
        self._words = self._ring.cast("q")
        self._last = memory[8 + ring :][:last].cast("q")
        self._texts = Records(memory[-WAYS_ROOM:])

    def add(self, known: int, way: int) -> None:
        """Note a prediction that is made now. Whoever is killed meanwhile leaves it out, or leaves it whole."""
        number = self._count[0] + 1
        chain = known % self.capacity
        start = number % self.capacity * _PREDICTION.size
        _PREDICTION.pack_into(self._ring, start, known, monotonic(), way, self._last[chain], 0)
        self._count[0] = number
        self._last[chain] = number

    def find(self, known: int) -> tuple[int, float, int] | None:
        """The number, the time and the way of the newest prediction with this hash."""
        number = self._last[known % self.capacity]
        while self._remembers(number):
            start = number % self.capacity * _PREDICTION.size
            found, time, way, before, _ = _PREDICTION.unpack_from(self._ring, start)
            if found == known:
                return number, time, way
            if before >= number:  # it was replaced while we looked
                return None
            number = before
        return None

    def reward(self, number: int, rewarded: int) -> int:
        """Note whether a prediction is rewarded, unless it is forgotten by now; what was noted before."""
        if not self._remembers(number):
            return 0
        word = number % self.capacity * _WORDS + _REWARDED
        before, self._words[word] = self._words[word], rewarded
        return before

    def _remembers(self, number: int) -> bool:
        return number > max(0, self._count[0] - self.capacity)

    def begin_way(self, routing: Mapping[str, int]) -> int:
        """Where the text of a new way stands; 0 if there is no room for it."""
        start = self._texts.end
        if self._texts.append(orjson.dumps(dict(routing)), 0) is None:
            log.warning("there are too many ways through the graph: feedback will not find some predictions")
            return 0
        return start

    def routing(self, way: int) -> Mapping[str, int]:
        """The way whose text stands there."""
        routing: Mapping[str, int] = orjson.loads(self._texts.at(way).text)
        return routing

    def ways(self) -> dict[tuple[tuple[str, int], ...], int]:
        """Where the text of each way stands."""
        found, start = {}, self._texts.start
        for record in self._texts.since(start):
            found[tuple(orjson.loads(record.text).items())] = start
            start = record.end
        return found
