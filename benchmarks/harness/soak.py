"""Half of the peak rate for many minutes: does memory stay where it is, and do files stay closed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from harness import machine
from harness.contender import Contender, running
from harness.load import Measured, Watch, measure, write_requests
from harness.run import Conditions
from harness.wrk import wrk

CONNECTIONS = 64
PEAK_S = 5.0
SAMPLE_S = 2.0
WARM_UP = 0.1  # of the time


@dataclass(frozen=True, slots=True)
class Sample:
    """The server's processes at a moment: seconds since the start, bytes in memory, open files."""

    at: float
    resident: int
    files: int


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it.

    Attributes:
        peak: the full load, before.
        samples: at least two.
    """

    peak: Measured
    half: Measured
    samples: Sequence[Sample]

    @property
    def growth(self) -> float:
        """The most memory after the warm-up, of what there was at its end; 1 is none."""
        late = self._after_warm_up()
        return max(sample.resident for sample in late) / late[0].resident

    @property
    def more_files(self) -> int:
        """Open files at the end, beyond those at the end of the warm-up."""
        late = self._after_warm_up()
        return late[-1].files - late[0].files

    def _after_warm_up(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.at >= WARM_UP * self.samples[-1].at]


def soak(contender: Contender, minutes: float, conditions: Conditions) -> Soaked:
    """Serve for so long.

    Raises:
        BenchmarkFailed: the server ended.
    """
    questions, form = conditions.fitted.single_rows(), contender.forms[0]
    folder, cores = conditions.folder / "soak", conditions.cores
    samples: list[Sample] = []
    with running(contender, questions[0], conditions.fitted, folder, cores) as alive:
        file = write_requests(folder / "requests.bin", [form.request(question.rows) for question in questions])
        started = monotonic()

        def look() -> None:
            pids = alive.processes.pids()
            samples.append(Sample(monotonic() - started, machine.resident_bytes(pids)[0], machine.open_files(pids)))

        def loaded(seconds: float, pause_ms: float, watch: Watch | None) -> Measured:
            command = wrk(alive.site.http_port, file, CONNECTIONS, seconds, pause_ms)
            return measure(alive.processes, command, seconds, cores.load, alive.idle_bytes, watch)

        peak = loaded(PEAK_S, 0, None)
        # Each connection waits before it sends again, so that all of them together send half of the peak.
        paused = loaded(minutes * 60, 1000 * CONNECTIONS / (peak.rate / 2), Watch(look, SAMPLE_S))
    return Soaked(peak, paused, samples)
