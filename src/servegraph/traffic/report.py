"""A run on the screen: a table that moves on a terminal, a line a second in a pipe, a summary at the end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from servegraph.traffic.drift import Alarm
from servegraph.traffic.session import Session
from servegraph.traffic.stream import Script
from servegraph.traffic.tally import Arm, Failures, Pulse

Show = Callable[[Session], None]

TERMINAL_S, PIPE_S = 0.25, 1.0
"""Seconds between two looks at the run."""

_PULSE_S = 2.0
_COLOURS = {"ok": "green", "drift": "red", "error": "red", "blind": "yellow"}


@contextmanager
def live(out: Console, script: Script | None, count: int) -> Iterator[Show]:
    """What to call with the session now and then while it runs; `count` rows are to be sent."""
    if not out.is_terminal:
        yield lambda session: out.print(_line(session, script))
        return
    with Live(console=out, auto_refresh=False, transient=True) as screen:
        yield lambda session: screen.update(_table(session, script, count), refresh=True)


def _line(session: Session, script: Script | None) -> str:
    tally, pulse = session.tally, _pulse(session)
    split = tally.split()
    arms = [f"{escape(name)} {split[name]:.1%} acc {arm.accuracy:.3f}" for name, arm in sorted(tally.arms.items())]
    parts = [
        f"{session.seconds:6.1f} s",
        f"{tally.sent} rows",
        f"{pulse.rate:.1f}/s",
        _latency(pulse),
        f"{tally.failed} failed",
        *arms,
        f"detector {_verdict(session)}",
    ]
    if script and tally.sent > script.at:
        parts.append(f"shift {escape(script.name)}")
    return "  ".join(parts)


def _table(session: Session, script: Script | None, count: int) -> RenderableType:
    tally, pulse = session.tally, _pulse(session)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("rows", f"{tally.sent} of {count}  [dim]{session.seconds:.0f} s[/]")
    facts.add_row("rate", f"{pulse.rate:.1f}/s  [dim]{_latency(pulse)}[/]")
    facts.add_row("failed", f"[red]{tally.failed}[/]" if tally.failed else "0")
    facts.add_row("detector", _verdict(session))
    if script:
        facts.add_row("shift", _shift(script, tally.sent))
    return Group(facts, _arms(tally.arms, tally.shifted_arms))


def _shift(script: Script, sent: int) -> str:
    name = f"[bold]{escape(script.name)}[/]" if sent > script.at else escape(script.name)
    return f"{name} from row {script.at} on"


def _pulse(session: Session) -> Pulse:
    return session.tally.pulse(monotonic(), min(_PULSE_S, session.seconds))


def _latency(pulse: Pulse) -> str:
    if pulse.p50_ms is None or pulse.p99_ms is None:
        return "no answer"
    return f"p50 {pulse.p50_ms:.1f} ms p99 {pulse.p99_ms:.1f} ms"


def _verdict(session: Session) -> str:
    verdict = session.drift.verdict
    if verdict is None:
        return "[dim]none[/]"
    last = session.drift.alarms[-1] if session.drift.alarms else None
    since = f" since row {last.row}" if last and last.verdict == verdict else ""
    return f"[{_COLOURS[verdict]}]{verdict}[/]{since}"


def _arms(arms: Mapping[str, Arm], shifted: Mapping[str, Arm]) -> Table:
    table = Table("arm", box=None, pad_edge=False)
    for heading in ("rows", "share", "accuracy", *(("since the shift",) if shifted else ())):
        table.add_column(heading, justify="right")
    total = sum(arm.n for arm in arms.values())
    for name, arm in sorted(arms.items()):
        since = f"{shifted[name].accuracy:.3f}" if name in shifted else ""
        table.add_row(escape(name), str(arm.n), f"{arm.n / total:.1%}", f"{arm.accuracy:.3f}", since)
    return table


def print_summary(out: Console, session: Session, script: Script | None) -> None:
    """What happened, after the last row."""
    tally = session.tally
    p50, p99 = tally.percentile_ms(50), tally.percentile_ms(99)
    latency = f", p50 {p50:.1f} ms, p99 {p99:.1f} ms" if p50 is not None and p99 is not None else ""
    rate = tally.sent / session.seconds
    out.print(f"sent {tally.sent} rows in {session.seconds:.1f} s ({rate:.1f}/s){latency}, {tally.failed} failed")
    _print_failures(out, "", tally.failures)
    if tally.feedback_ok or tally.feedback_failures:
        out.print(f"feedback {tally.feedback_ok} joined, {tally.feedback_failures.total()} failed")
        _print_failures(out, "feedback ", tally.feedback_failures)
    if tally.ok:
        out.print(_arms(tally.arms, tally.shifted_arms))
    _print_drift(out, session, script)


def _print_failures(out: Console, what: str, failures: Failures) -> None:
    for reason, count in failures.most_common():
        out.print(Text(f"  {count} x {what}{reason}: {failures.examples[reason]}", style="red"))


def _print_drift(out: Console, session: Session, script: Script | None) -> None:
    windows = ", ".join(f"{count} {verdict}" for verdict, count in session.drift.windows.items()) or "none"
    out.print(f"detector {_verdict(session)}; windows: {windows}")
    for alarm in session.drift.alarms:
        out.print(f"  row {alarm.row}: {escape(alarm.node)} says {alarm.verdict}{_delay(alarm, script)}")


def _delay(alarm: Alarm, script: Script | None) -> str:
    if script is None or alarm.row < script.at:
        return ""
    return f", {alarm.row - script.at} rows after {escape(script.name)}"
