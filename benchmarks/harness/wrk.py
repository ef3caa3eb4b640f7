"""wrk, the load generator for HTTP: the command, and the program where it is missing."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.fitted import ROOT


def wrk(port: int, requests: Path, connections: int, seconds: float, pause_ms: float = 0) -> Sequence[str]:
    """One thread of wrk, which sends a file of requests for whole seconds; what it prints ends with JSON.

    Each connection waits for `pause_ms` on average before it sends the next one.
    """
    duration = f"{max(1, round(seconds))}s"
    fixed = ["wrk", "--threads", "1", "--timeout", "10s", "--script", str(Path(__file__).with_name("wrk.lua"))]
    place = [f"http://127.0.0.1:{port}/", "--", str(requests), str(pause_ms)]
    return [*fixed, "--connections", str(connections), "--duration", duration, *place]


def missing_wrk() -> str | None:
    """Install it where we may, as `make setup` does with other programs; why it is not there, or None."""
    if shutil.which("wrk"):
        return None
    sys.path.append(str(ROOT / "tools"))
    from debian import allowed, apt, install

    if allowed(os.environ) and (install(["wrk"]) or (apt("update") and install(["wrk"]))):
        return None
    return "wrk is not installed; on Debian, `apt-get install wrk` helps"
