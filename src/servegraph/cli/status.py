"""`servegraph status`: what runs, and how it does."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from servegraph.cli.console import console
from servegraph.cli.context import PROJECT_OPTION
from servegraph.cli.running import checked_url, find_running, get_status
from servegraph.project import find_project

_COLOURS = {"ok": "green", "drift": "red", "blind": "yellow", "error": "red"}


@click.command()
@PROJECT_OPTION
@click.option("--url", help="Where it runs; by default what `servegraph run` of this project said.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole status as one JSON object.")
def status(folder: Path, url: str | None, as_json: bool) -> None:
    """Show what runs: nodes, versions, A/B split, feedback, drift.

    \b
    Exit code 0 when the detectors are well, 1 when one sees drift, an error or nothing at all, 3 when nothing runs:
      servegraph status
      servegraph status --json
    """
    document = get_status(checked_url(url) if url else find_running(find_project(folder))[0])
    out = console()
    if as_json:
        click.echo(json.dumps(document))
    else:
        _show(out, document)
    raise SystemExit(0 if _is_well(document) else 1)


def _is_well(document: Mapping[str, Any]) -> bool:
    monitor = document["monitor"]
    if monitor is None:
        return True
    return monitor["connected"] and all(item["verdict"] == "ok" for item in monitor["detectors"].values())


def _show(out: Console, document: Mapping[str, Any]) -> None:
    uptime = f"up {document['uptime_s']:.0f} s, pid {document['pid']}"
    several = len(document["predictors"]) > 1
    out.print(f"[bold]{document['deployment']}[/] ({document['predictor']}), {uptime}")
    for number, worker in enumerate(document["workers"], 1):
        out.print(f"  worker {number}: {_worker(worker)}")
    if several:
        out.print(_predictors(document["predictors"]))
    out.print(_nodes(document["nodes"], several))
    answers = ", ".join(f"{count} {code}" for code, count in sorted(document["answers"].items()))
    out.print(f"predictions: {answers or 'none yet'}")
    if document["arms"]:
        out.print(_arms(document["arms"], several))
    results = ", ".join(f"{count} {name}" for name, count in document["feedback"].items())
    out.print(f"feedback: {results}")
    _show_monitor(out, document["monitor"])


def _worker(worker: Mapping[str, Any]) -> str:
    state = f"pid {worker['pid']}" if worker["ready"] else "[yellow]away; it is being started[/]"
    times = worker["restarts"]
    return f"{state}, started again {times} {'time' if times == 1 else 'times'}" if times else state


def _predictors(predictors: list[Mapping[str, Any]]) -> Table:
    table = Table("predictor", "traffic", "requests", "failed", "feedback", box=None, pad_edge=False)
    for predictor in predictors:
        answers = predictor["answers"]
        failed = sum(count for code, count in answers.items() if code not in ("200", "OK"))
        copies = f"copies of {predictor['traffic']} %, {predictor['dropped']} dropped"
        traffic = copies if predictor["shadow"] else f"{predictor['traffic']} %"
        joined = str(predictor["feedback"].get("joined", 0))
        table.add_row(predictor["name"], traffic, str(sum(answers.values())), str(failed), joined)
    return table


def _nodes(nodes: list[Mapping[str, Any]], several: bool) -> Table:
    table = Table("node", "type", "artifact", "version", "sha", "kernel", box=None, pad_edge=False)
    for node in nodes:
        version = _version(node["version"])
        what = "stub" if node["runs"] == "stub" else node["type"]
        sha, kernel = (node["digest"] or "")[:8], node["kernel"] or ""
        table.add_row(_named(node, "name", several), what, node["artifact"] or "", version, sha, kernel)
    return table


def _named(document: Mapping[str, Any], key: str, several: bool) -> str:
    """A node's name, behind its predictor's where there are several."""
    return f"{document['predictor']}/{document[key]}" if several else str(document[key])


def _arms(arms: list[Mapping[str, Any]], several: bool) -> Table:
    table = Table("router", "arm", "requests", "share", "feedback", "mean reward", box=None, pad_edge=False)
    for arm in arms:
        router = _named(arm, "router", several)
        total = sum(other["requests"] for other in arms if _named(other, "router", several) == router)
        share = f"{arm['requests'] / total:.1%}" if total else "-"
        mean = f"{arm['reward'] / arm['feedback']:.3f}" if arm["feedback"] else "-"
        table.add_row(router, arm["arm"], str(arm["requests"]), share, str(arm["feedback"]), mean)
    return table


def _show_monitor(out: Console, monitor: Mapping[str, Any] | None) -> None:
    if monitor is None:
        out.print("no drift monitor")
        return
    state = "[green]connected[/]" if monitor["connected"] else "[red]away; it is being restarted[/]"
    rows = f"{monitor['sent']} rows seen, {monitor['queued']} queued, {monitor['dropped']} dropped"
    out.print(f"monitor: {state}, {rows}")
    for name, detector in monitor["detectors"].items():
        colour = _COLOURS[detector["verdict"]]
        out.print(f"  {name}: [{colour}]{detector['verdict']}[/]{_details(detector)}")


def _details(detector: Mapping[str, Any]) -> str:
    parts = [f"{count} {verdict}" for verdict, count in detector["windows"].items() if count]
    text = f"  windows: {', '.join(parts) or 'none'}; next at {detector['waiting']}/{detector['window']} rows"
    if detector["reason"]:
        text += f"\n    {detector['reason']}"
    if detector["features"]:
        more = ", ..." if len(detector["features"]) > 5 else ""
        text += f"\n    features: {', '.join(detector['features'][:5])}{more}"
    if detector["last_run"]:
        text += f"\n    last tested {datetime.fromtimestamp(detector['last_run']):%H:%M:%S}"
    return text


def _version(version: str | None) -> str:
    """`v3` of a registered version; others are not counted."""
    return f"v{version}" if version and version.isdecimal() else version or ""
