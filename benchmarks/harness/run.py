"""Run a scenario: start everybody, compare answers, then measure in turn, round after round."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from harness import machine
from harness.asking import check_answers
from harness.contender import Contender, Running, accompanied, running, settled_counts
from harness.fitted import Fitted
from harness.forms import Form
from harness.load import Measured, grpc_load, measure, write_requests
from harness.machine import Cores
from harness.processes import BenchmarkFailed
from harness.scenario import Entry, Load, Outcome, Scenario
from harness.wrk import wrk

WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """How it is measured.

    Attributes:
        seconds: of one measurement; wrk takes whole ones.
        busy_before: share of all cores that others used before the first measurement.
        without_wrk: why HTTP cannot be measured, or None.
        folder: for logs and requests.
        say: is told what goes on.
    """

    seconds: float
    rounds: int
    cores: Cores
    busy_before: float
    without_wrk: str | None
    folder: Path
    fitted: Fitted
    say: Callable[[str], None]


class Run:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, conditions: Conditions) -> None:
        self._scenario = scenario
        self._conditions = conditions
        self._questions = scenario.questions(conditions.fitted)
        self._entries = {each.key: Entry(each.title) for each in scenario.contenders}
        self._alive: dict[str, Running] = {}

    def outcome(self) -> Outcome:
        """Measure everything; what fails is left out, with the reason."""
        scenario = self._scenario
        rounds = 1 if scenario.is_brief else self._conditions.rounds * scenario.repeats
        with ExitStack() as ending:
            for contender in scenario.contenders:
                self._start(contender, ending)
            for number in range(rounds):
                for load in scenario.loads:
                    self._round(number, load)
        return Outcome(scenario, self._entries)

    def _start(self, contender: Contender, ending: ExitStack) -> None:
        entry = self._entries[contender.key]
        self._conditions.say(f"{self._scenario.key}: starting {contender.title}")
        entry.missing = contender.missing()
        if entry.missing:
            return
        folder, fitted = self._conditions.folder / self._scenario.key / contender.key, self._conditions.fitted
        cores = self._cores(contender)
        try:
            for _ in range(contender.starts - 1):
                with running(contender, self._questions[0], fitted, folder, cores):
                    pass
            alive = ending.enter_context(running(contender, self._questions[0], fitted, folder, cores))
            entry.start_s = alive.start_s
            for form in contender.forms:
                entry.request_bytes[form.name] = self._prepare(alive, form)
            self._alive[contender.key] = alive
        except BenchmarkFailed as error:
            entry.missing, entry.failed = str(error), True

    def _prepare(self, alive: Running, form: Form) -> int:
        """Compare answers and warm the server up. Bytes of a request."""
        requests = [form.request(question.rows) for question in self._questions]
        write_requests(_requests(alive, form), requests)
        if form.is_checked:
            check_answers(form, alive.site.port(form), self._questions, alive.site.folder)
        self._measure(alive, form, self._scenario.loads[0], WARM_UP_S)
        return len(requests[0])

    def _round(self, number: int, load: Load) -> None:
        for key, alive in list(self._alive.items()):
            form = next((form for form in alive.contender.forms if form.name == load.form), None)
            if form is None:
                continue
            entry = self._entries[key]
            self._conditions.say(f"{self._scenario.key}: round {number + 1}, {load}: {entry.title}")
            try:
                measured = self._measure(alive, form, load, self._conditions.seconds)
            except BenchmarkFailed as error:
                entry.missing, entry.failed = str(error), True
                del self._alive[key]
                continue
            entry.measured.setdefault(load, []).append(measured)
            entry.resident, entry.shared_once = machine.resident_bytes(alive.processes.pids())

    def _measure(self, alive: Running, form: Form, load: Load, seconds: float) -> Measured:
        port, file = alive.site.port(form), _requests(alive, form)
        if form.transport == "grpc":
            command = grpc_load(form.path, port, file, load.connections, seconds)
        elif self._conditions.without_wrk:
            raise BenchmarkFailed(self._conditions.without_wrk)
        else:
            command = wrk(port, file, load.connections, seconds, load.pause_ms)
        cores = self._cores(alive.contender)
        with accompanied(alive, cores):
            before = alive.contender.counts(alive.site)
            found = measure(alive.processes, command, seconds, cores.load, alive.idle_bytes)
            counted = {name: count - before[name] for name, count in settled_counts(alive).items()}
            return replace(found, **counted)

    def _cores(self, contender: Contender) -> Cores:
        cores = self._conditions.cores
        if contender.has_one_core:
            return cores.single()
        return cores if self._scenario.is_pinned else cores.shared()


def _requests(alive: Running, form: Form) -> Path:
    return alive.site.folder / f"{form.name}.bin"
