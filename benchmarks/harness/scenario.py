"""A scenario: contenders side by side under the same loads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.contender import Contender
from harness.fitted import Fitted, Question
from harness.load import Measured


@dataclass(frozen=True, slots=True)
class Load:
    """So many connections (gRPC: calls at once over one connection) that ask in one form.

    Attributes:
        pause_ms: what each connection waits between two requests, on average; only over HTTP.
    """

    form: str
    connections: int
    pause_ms: float = 0

    def __str__(self) -> str:
        return f"{self.form} c={self.connections}" + (f", every {self.pause_ms:g} ms" if self.pause_ms else "")


PACED = Load("rest", 16, pause_ms=40)
"""Some 400 requests a second: 1,600 events of the request log, of which none may be lost."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Contenders that run at the same time and are asked in turn.

    Attributes:
        baseline: by form, the contender that the others are compared with.
        questions: what is asked, in turn.
        is_pinned: whether servers and load get a core each; else both share all.
        is_brief: whether one round is enough.
        repeats: rounds in place of one, where few contenders are close to one another.
        shows_memory: whether what a request takes in memory is of interest.
        shows_losses: whether what the request log and the monitor did not get is of interest.
    """

    key: str
    title: str
    contenders: Sequence[Contender]
    loads: Sequence[Load]
    baseline: Mapping[str, str]
    questions: Callable[[Fitted], Sequence[Question]] = Fitted.single_rows
    is_pinned: bool = True
    is_brief: bool = False
    repeats: int = 1
    shows_memory: bool = False
    shows_losses: bool = False


@dataclass(slots=True)
class Entry:
    """What came of one contender.

    Attributes:
        measured: by load, one measurement for each round.
        resident, shared_once: bytes of all its processes, after the last load; the latter counts shared pages once.
        request_bytes: by form, of one request.
        missing: why it was not measured, or not to the end.
        failed: whether that is a fault, and not something that is not there.
    """

    title: str
    start_s: float = 0.0
    resident: int = 0
    shared_once: int = 0
    measured: dict[Load, list[Measured]] = field(default_factory=dict)
    request_bytes: dict[str, int] = field(default_factory=dict)
    missing: str | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario; entries by contender."""

    scenario: Scenario
    entries: Mapping[str, Entry]
