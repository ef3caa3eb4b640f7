"""`servegraph traffic`: send held-out rows to the running graph, and watch it."""

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from servegraph.cli.context import PROJECT_OPTION, open_project, training_module
from servegraph.cli.running import DEFAULT_GRPC_PORT, checked_url, find_running
from servegraph.errors import ConfigurationError
from servegraph.project import Project

if TYPE_CHECKING:
    # numpy and httpx come in with it; who asks for help does not wait for them.
    from servegraph.traffic.stream import Script

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

    from rich.console import Console

    from servegraph.cli.console import console, progress
    from servegraph.traffic.report import print_summary
    from servegraph.traffic.run import Order, first_status, run
    from servegraph.traffic.summary import summary

    wish = Wish(**options)
    project = open_project(folder)
    place = _place(project, url, grpc_port)
    status = asyncio.run(first_status(place.url))
    count = wish.count(status.window)
    script = _script(project, wish, count)
    out = Console(quiet=True) if as_json else console()
    with progress(out, "reading the held-out rows"):
        stream = training_module(project).held_out(wish.csv, wish.label)
    grpc = place.grpc if wish.by_grpc else None
    order = Order(place.url, grpc, stream, script, count, wish.rate, wish.feedback, wish.seed)
    session = asyncio.run(run(order, status, out))
    print_summary(out, session, script)
    if as_json:
        click.echo(json.dumps(summary(session, script)))
    sys.exit(1 if session.tally.failed else 0)


@dataclass(frozen=True, slots=True)
class Wish:
    """The options that say what to send; those that contradict each other are refused."""

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

    def __post_init__(self) -> None:
        if sum(amount is not None for amount in (self.rows, self.windows, self.seconds)) > 1:
            raise click.UsageError("--rows, --windows and --seconds each say how much to send: give one of them")
        if (self.csv is None) != (self.label is None):
            raise click.UsageError("--csv and --label go together: a table, and the column that is its label")

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
    found, port = (checked_url(url), DEFAULT_GRPC_PORT) if url else find_running(project)
    return Place(found, f"{urlsplit(found).hostname}:{grpc_port or port}")


def _script(project: Project, wish: Wish, count: int) -> "Script | None":
    from servegraph.traffic.stream import Script

    if wish.name == "none":
        return None
    shifts = training_module(project).SHIFTS
    if wish.name not in shifts:
        raise ConfigurationError(f"there is no shift {wish.name!r}", hint=f"this project has: {', '.join(shifts)}")
    at = count // 2 if wish.at is None else wish.at
    if at >= count:
        raise ConfigurationError(f"--shift-at {at}: only {count} rows are sent", hint="choose an earlier row")
    return Script(wish.name, shifts[wish.name], at)
