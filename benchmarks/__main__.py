"""`python benchmarks`: how fast we are, and against whom; with `--profile`, where the time goes.

docs/performance.md says how it is measured, and what came of it.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from harness import machine, ours, tables
from harness.fitted import ROOT, fitted
from harness.flames import draw_flames
from harness.plot import draw
from harness.processes import BenchmarkFailed, adopt_orphans, end_all
from harness.profiling import profile
from harness.results import write_profile, write_results, write_soak
from harness.run import Conditions, Run
from harness.scenario import Scenario
from harness.scenarios import scenarios
from harness.soak import soak
from harness.wrk import missing_wrk
from rich.console import Console
from rich.markup import escape

WORK = ROOT / ".servegraph" / "bench"
RESULTS = ROOT / "benchmarks" / "results"
WIDTH = 132  # columns that the tables need
BUSY, BUSY_S = 0.1, 1.0


def _names(_context: click.Context, _option: click.Parameter, value: str | None) -> set[str]:
    return {name.strip() for name in value.split(",")} if value else set()


_POSITIVE = click.FloatRange(0, min_open=True)


@click.command(help=__doc__)
@click.option(
    "--seconds", envvar="BENCH_SECONDS", type=_POSITIVE, default=10.0, show_default=True, help="Of one measurement."
)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="The median is shown.")
@click.option("--scenario", "wanted", callback=_names, metavar="NAMES", help="Only these, with commas between.")
@click.option("--only", callback=_names, metavar="NAMES", help="Only these contenders, with commas between.")
@click.option("--list", "is_list", is_flag=True, help="Say what there is to measure, and measure nothing.")
@click.option("--profile", "is_profile", is_flag=True, help="Watch servegraph with py-spy: a flame graph, a table.")
@click.option(
    "--soak", "minutes", type=_POSITIVE, metavar="MINUTES", help="Watch memory and files at half of the peak rate."
)
@click.option("--results", type=click.Path(path_type=Path), help="Folder to write to; of a part, nothing without it.")
@click.option("--work", default=WORK, type=click.Path(path_type=Path), help="For models, logs and rivals' packages.")
def main(
    seconds: float,
    rounds: int,
    wanted: set[str],
    only: set[str],
    is_list: bool,
    is_profile: bool,
    minutes: float | None,
    results: Path | None,
    work: Path,
) -> None:
    console = Console(width=max(WIDTH, Console().width))
    chosen = _choose(scenarios(work.resolve() / "rivals"), wanted, only)
    if is_list:
        return _list(chosen, console)
    with _conditions(seconds, rounds, work.resolve(), console) as conditions:
        if is_profile:
            _profile(conditions, console, results or RESULTS)
        elif minutes:
            _soak(minutes, conditions, console, results or RESULTS)
        elif not _measure(chosen, conditions, console, results or (None if wanted or only else RESULTS)):
            sys.exit(1)


def _choose(found: Sequence[Scenario], wanted: set[str], only: set[str]) -> list[Scenario]:
    """The scenarios and contenders that were named; all, where none was."""
    _check("--scenario", wanted, {scenario.key for scenario in found})
    _check("--only", only, {each.key for scenario in found for each in scenario.contenders})
    picked = [scenario for scenario in found if not wanted or scenario.key in wanted]
    if only:
        picked = [replace(each, contenders=[one for one in each.contenders if one.key in only]) for each in picked]
    return [scenario for scenario in picked if scenario.contenders]


def _check(option: str, names: set[str], known: set[str]) -> None:
    if unknown := names - known:
        text = f"there is no {', '.join(sorted(unknown))}, but {', '.join(sorted(known))}"
        raise click.BadParameter(text, param_hint=option)


def _list(chosen: Sequence[Scenario], console: Console) -> None:
    for scenario in chosen:
        console.print(f"[bold]{scenario.key}[/]  {scenario.title}")
        console.print(f"    {', '.join(map(str, scenario.loads))}")
        for contender in scenario.contenders:
            console.print(f"    {contender.key:<16} {contender.title}")


@contextmanager
def _conditions(seconds: float, rounds: int, work: Path, console: Console) -> Iterator[Conditions]:
    """Prepare the machine and the models; whatever happens, no process is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    adopt_orphans()
    try:
        cores, busy = machine.cores(), machine.busy_share(BUSY_S)
        if busy > BUSY:
            console.print(f"[yellow]note[/] others use {busy:.0%} of this machine: the figures are not worth keeping")
        if not cores.are_separate:
            console.print("[yellow]note[/] servers and load have one core together")
        os.sched_setaffinity(0, cores.load)
        with console.status("") as status:
            say = status.update
            models = fitted(work / "models", say)
            yield Conditions(seconds, rounds, cores, busy, missing_wrk(), work / "runs", models, say)
    except BenchmarkFailed as error:
        console.print(f"[red]error[/] {escape(str(error))}")
        sys.exit(1)
    finally:
        end_all()


def _measure(chosen: Sequence[Scenario], conditions: Conditions, console: Console, results: Path | None) -> bool:
    """Run scenarios; whether nothing failed."""
    outcomes = {}
    for scenario in chosen:
        outcomes[scenario.key] = outcome = Run(scenario, conditions).outcome()
        console.print(tables.table(outcome))
        for line in tables.missing(outcome):
            console.print(f"[yellow]not measured[/] {escape(line)}")
        if results:
            write_results(results / "latest.json", outcomes, conditions)
    console.print(tables.ratio_table(outcomes))
    if results and "bar" in outcomes:
        draw(outcomes["bar"], results / "latest.png")
    return not any(entry.failed for outcome in outcomes.values() for entry in outcome.entries.values())


def _profile(conditions: Conditions, console: Console, results: Path) -> None:
    found = profile(ours.fused(), conditions)
    console.print(tables.profile_table(found))
    graph = results / "profile.svg"
    draw_flames(found, graph)
    console.print(f"flame graph: {graph}")
    write_profile(results / "profile.json", found, conditions)


def _soak(minutes: float, conditions: Conditions, console: Console, results: Path) -> None:
    soaked = soak(ours.fused(), minutes, conditions)
    console.print(tables.soak_text(soaked))
    write_soak(results / "soak.json", soaked, conditions)


if __name__ == "__main__":
    main()
