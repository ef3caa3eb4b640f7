"""The ratios that we want to hold, each with its bound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.figures import Figure, p50, p99, rate, ratio, share
from harness.scenario import PACED, Load, Outcome

Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Bound:
    """A ratio, and at least (`is_least`) or at most what it is to be."""

    key: str
    text: str
    limit: float
    is_least: bool
    of: Callable[[Outcomes], float | None]

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit


def _least(key: str, text: str, limit: float, names: str, load: Load) -> Bound:
    return Bound(key, text, limit, True, _between(names, load, rate))


def _most(key: str, text: str, limit: float, names: str, load: Load, figure: Figure) -> Bound:
    return Bound(key, text, limit, False, _between(names, load, figure))


def _between(names: str, load: Load, figure: Figure) -> Callable[[Outcomes], float | None]:
    """A contender's figure over another's: `scenario: mine / theirs`."""
    scenario, mine, theirs = names.replace(":", " ").replace("/", " ").split()

    def of(outcomes: Outcomes) -> float | None:
        entries = outcomes[scenario].entries if scenario in outcomes else {}
        return ratio(entries.get(mine), entries.get(theirs), load, figure)

    return of


def _spread(outcomes: Outcomes) -> float | None:
    """p99 over p50 at 64 connections, in the worst round."""
    entries = outcomes["bar"].entries if "bar" in outcomes else {}
    measured = entries["us"].measured.get(Load("rest", 64)) if "us" in entries else None
    return max(each.p99 / each.p50 for each in measured) if measured else None


def _lost(outcomes: Outcomes) -> float | None:
    """Of the events of the request log at a moderate load."""
    entries = outcomes["watched"].entries if "watched" in outcomes else {}
    measured = entries["us-watched"].measured.get(PACED, ()) if "us-watched" in entries else ()
    return share(measured, lambda each: each.lost, lambda each: each.delivered)


_C1, _C16, _C64, _GRPC16 = Load("rest", 1), Load("rest", 16), Load("rest", 64), Load("grpc", 16)

BOUNDS = (
    _least("rest_c16_vs_hand", "req/s, of the hand-written limit's, c=16", 0.75, "bar: us / by-hand", _C16),
    _least("rest_c16_vs_fastapi", "req/s, of FastAPI's, c=16", 12, "bar: us / fastapi-sklearn", _C16),
    _least("rest_c16_vs_mlserver_batch", "req/s, of batching MLServer's, c=16", 6, "bar: us / mlserver-batch", _C16),
    _least("rest_c16_vs_seldon", "req/s, of Seldon's processes', c=16", 40, "bar: us / seldon", _C16),
    _most("rest_c1_p50_vs_hand", "p50, of the hand-written limit's, c=1", 1.5, "bar: us / by-hand", _C1, p50),
    _most("rest_c1_p50_vs_fastapi", "p50, of FastAPI's, c=1", 0.1, "bar: us / fastapi-sklearn", _C1, p50),
    Bound("rest_c64_p99_vs_p50", "p99, of p50, c=64", 3, False, _spread),
    _least("grpc_c16_vs_echo", "gRPC req/s, of grpcio.aio's echo, c=16", 0.75, "bar: us / grpc-echo", _GRPC16),
    _least("off_c1_vs_fastapi", "acceleration off: req/s, of FastAPI's, c=1", 1, "off: us-off / fastapi-sklearn", _C1),
    _least("off_c16_vs_fastapi", "the same, c=16", 3, "off: us-off / fastapi-sklearn", _C16),
    _least("watched_rate", "watched: req/s, of unwatched, c=16", 0.95, "watched: us-watched / us-unwatched", _C16),
    _most("watched_p99", "the same, p99", 1.1, "watched: us-watched / us-unwatched", _C16, p99),
    Bound("watched_lost", "events lost of all, at 400 requests/s", 0, False, _lost),
    _least("workers_2_vs_1", "2 workers: req/s, of one's, c=64", 1.7, "workers: us-2 / us-1", _C64),
    _least("cores_2_vs_1", "the same, of one's on one core, with the load", 1.7, "workers: us-2 / us-1-core", _C64),
)


def ratios(outcomes: Outcomes) -> dict[str, float | None]:
    """All of them; None where a part was not measured."""
    return {bound.key: bound.of(outcomes) for bound in BOUNDS}
