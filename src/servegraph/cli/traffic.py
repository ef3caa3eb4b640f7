"""`servegraph traffic`: send held-out rows to the running graph, and watch it."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from servegraph.cli.context import PROJECT_OPTION, open_project, training_module
from servegraph.errors import ConfigurationError
from servegraph.project import Project

if TYPE_CHECKING:
    # numpy and httpx come in with these; asking for help must not wait for them.
    import asyncio
    from contextlib import AbstractAsyncContextManager

    from rich.console import Console

    from servegraph.traffic.client import Client
    from servegraph.traffic.session import Session
    from servegraph.traffic.status import ServerStatus
    from servegraph.traffic.stream import Script, Stream

HELP = """Send held-out rows to the running graph, with feedback, and watch it.

\b
Rows that no model was trained on, at a rate, their labels as feedback:
  servegraph traffic
  servegraph traffic --rate 200 --seconds 60
  servegraph traffic --grpc --no-feedback

\b
Play a change, from the middle on or from a row on, and see the alarm:
  servegraph traffic --windows 20 --shift none
  servegraph traffic --shift unit-error
  servegraph traffic --shift referral --rows 8000 --shift-at 2000

\b
The project names its changes; the screening project has
  unit-error   a device reports inches: lengths come 2.54 times too small
  sensor-zero  a loose contact: one reading in five is 0
  referral     other patients: more of them are ill

\b
For scripts, one JSON object at the end and nothing else:
  servegraph traffic --rows 4000 --json | jq .split

Ctrl-C ends it with the summary so far. Exit codes: 0 all predictions succeeded;
1 some failed; 2 a wrong call; 3 no server."""

_ROWS = 2000


@click.command(help=HELP)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=100, show_default=True, help="Rows a second.")
@click.option("--rows", type=click.IntRange(1), help=f"Send so many rows.  [default: {_ROWS}]")
@click.option("--windows", type=click.IntRange(1), help="Send so many windows of the drift detector.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Send for so long.")
@click.option("--shift", "name", default="none", show_default=True, help="The change to play.")
@click.option("--shift-at", "at", type=click.IntRange(0), help="Its first row, from 0.  [default: half of the rows]")
@click.option("--url", help="Where the graph answers.  [default: what runs here, else http://127.0.0.1:8000]")
@click.option("--csv", type=click.Path(path_type=Path), help="Your own rows: the table given to `train`.")
@click.option("--label", help="The label's column in the CSV.")
@click.option("--grpc", "by_grpc", is_flag=True, help="Send by gRPC; the status is still read at the URL.")
@click.option("--grpc-port", type=click.IntRange(1, 65535), help="[default: what runs here, else 5001]")
@click.option("--feedback/--no-feedback", default=True, help="Tell the labels (default).")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the order of the rows.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, and nothing else.")
@PROJECT_OPTION
def traffic(folder: Path, url: str | None, grpc_port: int | None, as_json: bool, **options: Any) -> None:
    import asyncio

    wish = Wish(**options)
    wish.check()
    project = open_project(folder)
    place = _place(project, url, grpc_port)
    status = asyncio.run(_first_status(place.url))
    count = wish.count(status.window)
    script = _script(project, wish, status.window, count)
    stream = _stream(project, wish)
    session = asyncio.run(_Run(wish, place, status, stream, script, count).play(_screen(as_json)))
    _print(session, script, as_json)
    sys.exit(1 if session.tally.failed else 0)


@dataclass(frozen=True, slots=True)
class Wish:
    """The options that say what to send."""

    rate: float
    rows: int | None
    windows: int | None
    seconds: float | None
    name: str
    at: int | None
    csv: Path | None
    label: str | None
    by_grpc: bool
    feedback: bool
    seed: int

    def check(self) -> None:
        """Refuse options that contradict each other."""
        if sum(amount is not None for amount in (self.rows, self.windows, self.seconds)) > 1:
            raise click.UsageError("--rows, --windows and --seconds each say how much to send: give one of them")
        if self.label is not None and self.csv is None:
            raise click.UsageError("--label names a column of the table given with --csv")

    def count(self, window: int) -> int:
        """Rows to send; `window` is the detector's, 0 if there is none.

        Raises:
            ConfigurationError: windows are asked for and there are none.
        """
        if self.windows is not None:
            if not window:
                raise ConfigurationError("the server has no drift detector that reports", hint="use --rows")
            return self.windows * window
        return math.ceil(self.rate * self.seconds) if self.seconds else self.rows or _ROWS


@dataclass(frozen=True, slots=True)
class Place:
    """Where the graph answers: a URL, and `host:port` of gRPC."""

    url: str
    grpc: str


def _place(project: Project, url: str | None, grpc_port: int | None) -> Place:
    """What the options name, else what runs in this project, else the defaults of `run`."""
    running = {} if url else _running(project)
    url = url or f"http://{running.get('host', '127.0.0.1')}:{running.get('http_port', 8000)}"
    return Place(url, f"{urlsplit(url).hostname}:{grpc_port or running.get('grpc_port', 5001)}")


def _running(project: Project) -> dict[str, Any]:
    try:
        document = json.loads((project.state / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # nothing runs here
    return document if isinstance(document, dict) else {}


async def _first_status(url: str) -> ServerStatus:
    from servegraph.traffic.status import StatusPage

    async with StatusPage(url) as page:
        return await page.when_reported()


def _script(project: Project, wish: Wish, window: int, count: int) -> Script | None:
    from servegraph.traffic.stream import Script

    if wish.name == "none":
        return None
    shifts = training_module(project).SHIFTS
    if wish.name not in shifts:
        raise ConfigurationError(f"there is no shift {wish.name!r}", hint=f"this project has: {', '.join(shifts)}")
    middle = wish.windows // 2 * window if wish.windows else count // 2
    at = middle if wish.at is None else wish.at
    if at >= count:
        raise ConfigurationError(f"--shift-at {at}: only {count} rows are sent", hint="choose an earlier row")
    return Script(wish.name, shifts[wish.name], at)


def _stream(project: Project, wish: Wish) -> Stream:
    held_out = training_module(project).held_out
    named = {} if wish.label is None else {"label": wish.label}
    stream: Stream = held_out(wish.csv, **named)
    return stream


def _screen(as_json: bool) -> Console:
    from rich.console import Console

    from servegraph.cli.console import console

    return Console(quiet=True) if as_json else console()


@dataclass(frozen=True, slots=True)
class _Run:
    """Everything a run needs, together."""

    wish: Wish
    place: Place
    status: ServerStatus
    stream: Stream
    script: Script | None
    count: int

    async def play(self, out: Console) -> Session:
        from servegraph.traffic import report
        from servegraph.traffic.session import Session
        from servegraph.traffic.status import StatusPage
        from servegraph.traffic.stream import play

        rows = play(self.stream, self.script, self.count, self.wish.seed)
        interval = report.TERMINAL_S if out.is_terminal else report.PIPE_S
        async with self._client() as client, StatusPage(self.place.url) as page:
            with report.live(out, self.script, self.count) as show:
                session = Session(client, page, self.status, show, interval)
                await session.run(rows, self.wish.rate, self.wish.feedback, _stop_on_interrupt())
        return session

    def _client(self) -> AbstractAsyncContextManager[Client]:
        names = self.stream.feature_names
        if self.wish.by_grpc:
            from servegraph.traffic.grpc_client import grpc_client

            return grpc_client(self.place.grpc, names)
        from servegraph.traffic.rest_client import rest_client
        from servegraph.traffic.session import CONCURRENCY

        return rest_client(self.place.url, names, CONCURRENCY)


def _stop_on_interrupt() -> asyncio.Event:
    """Set at the first Ctrl-C; a second one ends the process as usual."""
    import asyncio
    import signal

    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, interrupted)
    return stop


def _print(session: Session, script: Script | None, as_json: bool) -> None:
    from servegraph.traffic.report import print_summary
    from servegraph.traffic.summary import summary

    if as_json:
        click.echo(json.dumps(summary(session, script)))
    else:
        print_summary(_screen(False), session, script)
