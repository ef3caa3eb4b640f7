"""Programs the tests run and Debian packages, installed where we may.

Standard library only, and the syntax of Python 3.8.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Mapping, Sequence

PROGRAMS = {
    "chromium": ("chromium",),
    "prometheus": ("prometheus", "promtool"),
    "wrk": ("wrk",),
}  # package -> what it brings
DPKG_LOCK_S = 120


def install_missing(environ: Mapping[str, str]) -> str | None:
    """Install what is missing; return what could not be done, in one sentence."""
    missing = [package for package, programs in PROGRAMS.items() if not all(map(shutil.which, programs))]
    names = " ".join(missing)
    if not missing:
        return None
    if not allowed(environ):
        return f"tests that need {names} are skipped; on Debian, `apt-get install {names}` helps"
    if not (install(missing) or (apt("update") and install(missing))):
        return f"apt-get cannot install {names}; tests that need what is missing are skipped"
    for package in missing:
        stop_service(package)
    return None


def allowed(environ: Mapping[str, str]) -> bool:
    return environ.get("SERVEGRAPH_NO_APT") != "1" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> bool:
    return apt("install", "--no-install-recommends", "-y", *packages)


def apt(*arguments: str) -> bool:
    """Run apt-get without questions; did it work?"""
    command = ["apt-get", "-o", f"DPkg::Lock::Timeout={DPKG_LOCK_S}", *arguments]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def stop_service(package: str) -> None:
    """Debian starts what it installs; the tests want the program, not the service."""
    for command in (["service", package, "stop"], ["update-rc.d", package, "disable"]):
        if shutil.which(command[0]):
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
