"""Which interpreter `.venv` is made from: the first of the version in `.python-version`.

Standard library only, and the syntax of Python 3.8.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Mapping, Sequence

BASE = "import sys; print('%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable))"


class PythonNotFound(Exception):
    """No interpreter of the wanted version; the message is one sentence with the fix."""


def find_python(wanted: str, environ: Mapping[str, str]) -> str:
    """The path of the first interpreter of version `wanted`, such as "3.12".

    Raises:
        PythonNotFound: neither this interpreter, nor pyenv, PATH or uv has it.
    """
    for candidate in candidates(wanted, environ):
        base = base_interpreter(candidate, wanted)
        if base:
            return base
    raise PythonNotFound(
        f"servegraph needs Python {wanted}, and neither pyenv, PATH nor uv has it: install it, for example "
        f"with `pyenv install {wanted}` or `uv python install {wanted}`, and run `make setup` again."
    )


def candidates(wanted: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Where that version may be, cheapest first."""
    yield sys.executable
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/"), ".pyenv"))
    yield from sorted(map(str, pyenv.glob(f"versions/{wanted}*/bin/python3")), key=by_number, reverse=True)
    on_path = shutil.which(f"python{wanted}", path=environ.get("PATH", ""))
    if on_path:
        yield on_path
    uv = shutil.which("uv", path=environ.get("PATH", ""))
    if uv:
        yield from printed_by([uv, "python", "find", "--no-python-downloads", wanted])


def by_number(path: str) -> list[tuple[int, str]]:
    """Sort key under which 3.12.10 comes after 3.12.9."""
    return [(int(part) if part.isdigit() else -1, part) for part in path.replace("/", ".").split(".")]


def base_interpreter(candidate: str, wanted: str) -> str | None:
    """`candidate`, or the interpreter its venv was made from, if the version is right."""
    for line in printed_by([candidate, "-c", BASE]):
        version, _, base = line.partition(" ")
        if version == wanted:
            return base
    return None


def printed_by(command: Sequence[str]) -> list[str]:
    """The lines a program prints; none if it fails or cannot be started."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()
