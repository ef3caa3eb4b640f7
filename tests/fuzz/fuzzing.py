"""Run decoders on changed messages for a while; only this library's own errors may come out."""

import base64
import faulthandler
import json
import resource
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, perf_counter

from servegraph.errors import ServeGraphError

HANG_S = 30.0
CASE_LIMIT_S = 1.0
CASE_LIMIT_MB = 200
ROOM_BYTES = 2 << 30  # an allocation that no small message is worth fails at once


@dataclass(frozen=True)
class Target:
    """`generate` makes the bytes of a case, `decode` may raise a ServeGraphError for them, and nothing else."""

    name: str
    generate: Callable[[Random], bytes]
    decode: Callable[[bytes], object]


@dataclass
class Report:
    """What was tried, how much of it was refused, and the first case of each kind that should not be."""

    seed: int
    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Path] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{sum(self.tried.values())} cases, seed {self.seed}"]
        lines += [f"  {name}: {count}, {self.refused[name]} refused" for name, count in sorted(self.tried.items())]
        return "\n".join(lines + [f"FAILED {what}: {path}" for what, path in self.failures.items()])


def fuzz(targets: Sequence[Target], seconds: float, seed: int, folder: Path) -> Report:
    """Try the targets in turn; failing cases are written to `folder`."""
    random = Random(seed)
    report = Report(seed)
    _limit_memory()
    end = monotonic() + seconds
    while monotonic() < end:
        for target in targets:
            case = target.generate(random)
            report.tried[target.name] += 1
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            wrong = attempt(target, case, report)
            if wrong and wrong[0] not in report.failures:
                report.failures[wrong[0]] = _store(folder, seed, target, case, *wrong)
    faulthandler.cancel_dump_traceback_later()
    return report


def attempt(target: Target, case: bytes, report: Report) -> tuple[str, str] | None:
    """What is wrong with the way a case was taken, in a word and at length; None if nothing is."""
    started, peak = perf_counter(), _peak_mb()
    try:
        target.decode(case)
    except ServeGraphError:
        report.refused[target.name] += 1
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return f"{target.name} {type(error).__name__} {where}", traceback.format_exc(limit=-30)
    if (seconds := perf_counter() - started) > CASE_LIMIT_S:
        return f"{target.name} slow", f"{seconds:.1f} s"
    if (grown := _peak_mb() - peak) > CASE_LIMIT_MB:
        return f"{target.name} large", f"{grown:.0f} MB"
    return None


def replay(targets: Sequence[Target], path: Path) -> Report:
    """Try one stored case again."""
    stored = json.loads(path.read_text())
    target = next(target for target in targets if target.name == stored["target"])
    report = Report(stored["seed"], tried=Counter([target.name]))
    wrong = attempt(target, base64.b64decode(stored["case"]), report)
    if wrong:
        print(wrong[1])
        report.failures[wrong[0]] = path
    return report


def _store(folder: Path, seed: int, target: Target, case: bytes, what: str, detail: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{what.replace(' ', '-').replace(':', '-')}.json"
    stored = {"target": target.name, "seed": seed, "detail": detail, "case": base64.b64encode(case).decode()}
    path.write_text(json.dumps(stored, indent=1))
    return path


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM_BYTES, resource.RLIM_INFINITY))
