"""The graph's scenario as a picture: requests a second, CPU per request, latency."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.figures import Figure, middle, p50, p99, rate
from harness.scenario import Entry, Load, Outcome

_OURS, _THEIRS = "#0b6e99", "#b4b9bf"
_REST16, _REST1 = Load("rest", 16), Load("rest", 1)
_PANELS: Sequence[tuple[str, Load, Figure]] = (
    ("requests a second, 16 connections", _REST16, rate),
    ("CPU per request in µs, 16 connections", _REST16, lambda measured: measured.cpu_us),
    ("median latency in ms, 1 connection", _REST1, p50),
    ("99 % are faster, in ms, 16 connections", _REST16, p99),
)


def draw(outcome: Outcome, file: Path) -> None:
    """Write a PNG; nothing where nothing was asked over REST."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    entries = [(key, entry) for key, entry in outcome.entries.items() if entry.measured.get(_REST16)]
    if not entries:
        return
    entries.sort(key=lambda item: middle(item[1].measured[_REST16], rate))
    figure, axes = pyplot.subplots(2, 2, figsize=(13, 1.6 + 0.62 * len(entries)), layout="constrained", sharey=True)
    for axis, (title, load, of) in zip(axes.flat, _PANELS, strict=True):
        _bars(axis, title, entries, load, of)
    figure.suptitle(f"{outcome.scenario.title} (REST, JSON; logarithmic)", fontsize=11)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _bars(axis: Any, title: str, entries: Sequence[tuple[str, Entry]], load: Load, of: Figure) -> None:
    there = [(key, entry) for key, entry in entries if entry.measured.get(load)]
    values = [middle(entry.measured[load], of) for _, entry in there]
    colours = [_OURS if key.startswith("us") else _THEIRS for key, _ in there]
    bars = axis.barh([entry.title for _, entry in there], values, color=colours, log=True)
    axis.bar_label(
        bars, [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values], padding=3, fontsize=8
    )
    axis.set_title(title, fontsize=9, loc="left")
    axis.margins(x=0.18)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
