"""A contender: a way to serve the graph, with the forms in which it can be asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

from harness import machine
from harness.asking import ask_grpc, ask_http
from harness.fitted import Fitted, Question
from harness.forms import Form
from harness.machine import Cores
from harness.processes import BenchmarkFailed, Command, Processes, free_port

START_S = 180.0
COMPANIONS_START_S = 1.0
IDLE_S, IDLE_SHARE = 0.2, 0.2
LONGEST_IDLE_S = 60.0
SETTLED_S = 2.0
_POLL_S = 0.01
_MORE_PORTS = 9


@dataclass(frozen=True, slots=True)
class Site:
    """Where a contender runs: its own folder, its ports (`more_ports` are whatever it needs), and the models."""

    folder: Path
    fitted: Fitted
    http_port: int
    grpc_port: int
    more_ports: Sequence[int]

    def port(self, form: Form) -> int:
        return self.http_port if form.transport == "http" else self.grpc_port


Commands = Callable[[Site], Sequence[Command]]


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to serve the graph.

    Attributes:
        key: its name for `--only` and in the results.
        forms: in the first one it is asked whether it is up.
        missing: why it cannot run here; None if it can.
        companions: what runs beside it while it is measured, and is not counted.
        counts: numbers of `Measured` that the server itself counts, since its start.
        starts: how often it is started; the last time is timed and measured.
        has_one_core: whether it shares the server's core with the load, whatever the others of its scenario do.
    """

    key: str
    title: str
    commands: Commands
    forms: Sequence[Form]
    missing: Callable[[], str | None] = lambda: None
    companions: Commands = lambda site: ()
    counts: Callable[[Site], Mapping[str, int]] = lambda site: {}
    starts: int = 1
    has_one_core: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that answers.

    Attributes:
        start_s: seconds from its start to its first answer.
        idle_bytes: what it holds in memory once it has settled after that.
    """

    contender: Contender
    site: Site
    processes: Processes
    start_s: float
    idle_bytes: int


@contextmanager
def running(contender: Contender, question: Question, fitted: Fitted, folder: Path, cores: Cores) -> Iterator[Running]:
    """Start a contender, wait until it answers a question and has nothing more to do, and end it afterwards.

    Raises:
        BenchmarkFailed: it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, fitted, free_port(), free_port(), [free_port() for _ in range(_MORE_PORTS)])
    started = monotonic()
    with Processes(contender.commands(site), cores.server, folder / "log.txt") as processes:
        _until_it_answers(contender, site, question, processes)
        took = monotonic() - started
        until_idle(processes)
        yield Running(contender, site, processes, took, machine.resident_bytes(processes.pids())[0])


@contextmanager
def accompanied(running: Running, cores: Cores) -> Iterator[None]:
    """With the contender's companions beside it; afterwards it has done what they left it to do.

    Raises:
        BenchmarkFailed: a companion ended.
    """
    commands = running.contender.companions(running.site)
    with Processes(commands, cores.load, running.site.folder / "companions.txt") as companions:
        if commands:
            sleep(COMPANIONS_START_S)
        yield
        companions.check()
    until_idle(running.processes)


def settled_counts(running: Running) -> Mapping[str, int]:
    """What a server counts, once that changes no longer, as what waited is done; but not for ever."""
    until, counts = monotonic() + LONGEST_IDLE_S, running.contender.counts(running.site)
    while counts and monotonic() < until:
        sleep(SETTLED_S)
        before, counts = counts, running.contender.counts(running.site)
        if counts == before:
            break
    return counts


def until_idle(processes: Processes) -> None:
    """Wait until a server has nothing to do, but not for ever."""
    until = monotonic() + LONGEST_IDLE_S
    while monotonic() < until and processes.busy_share(IDLE_S) > IDLE_SHARE:
        pass


def _until_it_answers(contender: Contender, site: Site, question: Question, processes: Processes) -> None:
    form = contender.forms[0]
    until = monotonic() + START_S
    while True:
        processes.check()
        try:
            if form.transport == "http":
                ask_http(HTTPConnection("127.0.0.1", site.http_port, timeout=10), form, [question.rows])
            else:
                ask_grpc(form, site.grpc_port, [question.rows], site.folder)
            return
        except (OSError, HTTPException, BenchmarkFailed) as error:
            if monotonic() > until:
                raise BenchmarkFailed(f"it does not answer ({error}): {processes.last_words()}") from error
        sleep(_POLL_S)
