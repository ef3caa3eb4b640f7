"""All figures as JSON: `ratios`, then every scenario with medians and single rounds, then how it was measured."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

from harness import machine
from harness.figures import middle, to_baseline
from harness.fitted import ROOT
from harness.load import Measured
from harness.profiling import Profile, function, part
from harness.ratios import ratios
from harness.run import Conditions
from harness.scenario import Entry, Load, Outcome
from harness.soak import Soaked

_PACKAGES = (
    "granian",
    "grpcio",
    "httptools",
    "numpy",
    "onnxruntime",
    "orjson",
    "scikit-learn",
    "seldon-core",
    "uvloop",
)


def write_results(file: Path, outcomes: Mapping[str, Outcome], conditions: Conditions) -> None:
    document = {
        "ratios": {key: None if value is None else round(value, 4) for key, value in ratios(outcomes).items()},
        "scenarios": {key: _scenario(outcome) for key, outcome in outcomes.items()},
        "measured": _circumstances(conditions),
    }
    _write(file, document)


def write_profile(file: Path, found: Profile, conditions: Conditions) -> None:
    """Microseconds of a request by part and by function."""
    spent = {"parts": found.by(part), "functions": found.by(function), "threads_without_python": found.threads}
    rounded = {kind: {name: round(value, 2) for name, value in each.items()} for kind, each in spent.items()}
    _write(file, {**rounded, "measured": _circumstances(conditions)})


def write_soak(file: Path, soaked: Soaked, conditions: Conditions) -> None:
    found = {"rss_growth": round(soaked.growth, 4), "more_files": soaked.more_files}
    _write(file, {**found, **asdict(soaked), "measured": _circumstances(conditions)})


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _scenario(outcome: Outcome) -> dict[str, Any]:
    entries = {key: _entry(outcome, key, entry) for key, entry in outcome.entries.items()}
    return {"title": outcome.scenario.title, "pinned": outcome.scenario.is_pinned, "contenders": entries}


def _entry(outcome: Outcome, key: str, entry: Entry) -> dict[str, Any]:
    if not entry.measured:
        return {"title": entry.title, "not_measured": entry.missing}
    return {
        "title": entry.title,
        "start_s": round(entry.start_s, 2),
        "resident_bytes": entry.resident,
        "proportional_bytes": entry.shared_once,
        **({"not_measured_to_the_end": entry.missing} if entry.missing else {}),
        "loads": {str(load): _load(outcome, key, load, rounds) for load, rounds in entry.measured.items()},
    }


def _load(outcome: Outcome, key: str, load: Load, rounds: Sequence[Measured]) -> dict[str, Any]:
    """Latencies in ms."""
    to_others = to_baseline(outcome, key, load)
    size = outcome.entries[key].request_bytes[load.form] * load.connections
    return {
        "requests_per_s": round(middle(rounds, lambda each: each.rate), 1),
        "of_baseline": None if to_others is None else round(to_others, 4),
        "cpu_us_per_request": round(middle(rounds, lambda each: each.cpu_us), 1),
        **{f"{name}_ms": round(middle(rounds, attrgetter(name)), 3) for name in _LATENCIES},
        "errors": sum(each.errors for each in rounds),
        **{name: sum(getattr(each, name) for each in rounds) for name in _COUNTS if any(_counted(rounds))},
        "memory_of_requests": round(middle(rounds, lambda each: each.grown) / size, 2),
        "rounds": [{name: round(value, 4) for name, value in asdict(each).items()} for each in rounds],
    }


def _counted(rounds: Sequence[Measured]) -> Iterator[int]:
    return (getattr(each, name) for each in rounds for name in _COUNTS)


_COUNTS = ("delivered", "lost", "rows", "rows_lost")
_LATENCIES = ("p50", "p99", "p999", "longest")


def _circumstances(conditions: Conditions) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_since": bool(_git("status", "--porcelain", "--untracked-files=no", "src")),
        "seconds": conditions.seconds,
        "rounds": conditions.rounds,
        "processor": machine.name_of_processor(),
        "cores": os.cpu_count(),
        "server_cores": sorted(conditions.cores.server),
        "load_cores": sorted(conditions.cores.load),
        "busy_before": round(conditions.busy_before, 3),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _git(*words: str) -> str | None:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
