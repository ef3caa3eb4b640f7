"""Outcomes as tables for people."""

from rich.markup import escape
from rich.table import Table

from harness.figures import middle, rate, share, to_baseline
from harness.profiling import Profile, function, part
from harness.ratios import BOUNDS, Outcomes
from harness.scenario import Entry, Load, Outcome
from harness.soak import Soaked

_MIB = 2**20
_HEADINGS = ("req/s", "ratio", "CPU µs", "p50 ms", "p99", "p99.9", "errors", "RSS MiB", "start s")
_MOST_FUNCTIONS, _LEAST_US = 6, 0.5
_MEMORY = "memory x request"
_LOSSES = ("events lost", "rows lost")


def table(outcome: Outcome) -> Table:
    """One section for each load, the fastest first."""
    scenario = outcome.scenario
    found = Table(title=scenario.title, title_justify="left", caption_justify="left")
    found.add_column("")
    more = [*([_MEMORY] if scenario.shows_memory else []), *(_LOSSES if scenario.shows_losses else [])]
    for heading in (*_HEADINGS, *more):
        found.add_column(heading, justify="right")
    for load in scenario.loads:
        there = [(key, entry) for key, entry in outcome.entries.items() if entry.measured.get(load)]
        if there:
            found.add_row(f"[bold]{load}[/]{_size(there[0][1], load) if scenario.shows_memory else ''}")
        for key, entry in sorted(there, key=lambda item: -middle(item[1].measured[load], rate)):
            memory = [_memory(entry, load)] if scenario.shows_memory else []
            losses = _losses(entry, load) if scenario.shows_losses else []
            found.add_row(*_row(entry, load, to_baseline(outcome, key, load)), *memory, *losses)
        if there:
            found.add_section()
    return found


def missing(outcome: Outcome) -> list[str]:
    """Who was not measured, or not to the end, and why."""
    return [f"{entry.title}: {entry.missing}" for entry in outcome.entries.values() if entry.missing]


def ratio_table(outcomes: Outcomes) -> Table:
    """What we want to hold, as far as it was measured, and whether it does."""
    found = Table(title="Ratios", title_justify="left")
    for heading in ("", "measured", "wanted", ""):
        found.add_column(heading, justify="right" if heading else "left")
    for bound in BOUNDS:
        value = bound.of(outcomes)
        if value is None:
            continue
        wanted = f"{'at least' if bound.is_least else 'at most'} {bound.limit:g}"
        verdict = "[green]yes" if bound.holds(value) else "[red]no"
        found.add_row(f"{bound.key}  [dim]{bound.text}", f"{value:.2f}", wanted, verdict)
    return found


def profile_table(found: Profile) -> Table:
    """Microseconds of a request by part, and within each part by function."""
    table = Table(title="Where a request's CPU goes, in µs", title_justify="left")
    table.add_column("part, function")
    table.add_column("µs", justify="right")
    inside = found.by(lambda frame: f"{part(frame)}\0{function(frame)}")
    for name, spent in found.by(part).items():
        table.add_row(f"[bold]{escape(name)}", f"{spent:.1f}")
        mine = [(key.split("\0")[1], value) for key, value in inside.items() if key.split("\0")[0] == name]
        for title, value in mine[:_MOST_FUNCTIONS]:
            if value >= _LEAST_US:
                table.add_row(f"  {escape(title)}", f"{value:.1f}")
    for name, spent in found.threads.items():
        if spent >= _LEAST_US:
            table.add_row(f"[bold]threads without Python: {escape(name)}", f"{spent:.1f}")
    table.add_section()
    table.add_row(f"all, at {found.measured.rate:,.0f} req/s", f"{found.measured.cpu_us:.1f}")
    return table


def soak_text(soaked: Soaked) -> str:
    """One run in a few lines."""
    half, last = soaked.half, soaked.samples[-1]
    return (
        f"{last.at / 60:.1f} minutes at {half.rate:,.0f} req/s, {half.rate / soaked.peak.rate:.0%} of the peak; "
        f"{half.errors} errors, p50 {half.p50:.2f} ms, p99 {half.p99:.2f} ms\n"
        f"memory after the warm-up: at most {soaked.growth - 1:.2%} more, {last.resident / _MIB:,.0f} MiB at the end; "
        f"open files: {soaked.more_files:+d}"
    )


def _row(entry: Entry, load: Load, ratio: float | None) -> list[str]:
    measured = entry.measured[load]
    return [
        f"  {entry.title}",
        f"{middle(measured, rate):,.0f}",
        "" if ratio is None else f"{ratio:.2f}",
        f"{middle(measured, lambda each: each.cpu_us):,.0f}",
        f"{middle(measured, lambda each: each.p50):.3f}",
        f"{middle(measured, lambda each: each.p99):.2f}",
        f"{middle(measured, lambda each: each.p999):.2f}",
        str(sum(each.errors for each in measured) or ""),
        f"{entry.resident / _MIB:,.0f}",
        f"{entry.start_s:.1f}",
    ]


def _memory(entry: Entry, load: Load) -> str:
    """What the server held at most beyond what it held before, for each request at a time."""
    at_once = entry.request_bytes[load.form] * load.connections
    return f"{middle(entry.measured[load], lambda each: each.grown) / at_once:.1f}"


def _losses(entry: Entry, load: Load) -> list[str]:
    """Of the events of the request log, and of the rows for the drift monitor: how many got lost."""
    measured = entry.measured[load]
    events = share(measured, lambda each: each.lost, lambda each: each.delivered)
    rows = share(measured, lambda each: each.rows_lost, lambda each: each.rows)
    return ["" if each is None else f"{each:.1%}" for each in (events, rows)]


def _size(entry: Entry, load: Load) -> str:
    return f"  [dim]{entry.request_bytes[load.form] / 1e6:.2f} MB"
