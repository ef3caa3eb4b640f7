"""Make `.venv` as the lock files say: what `make setup` runs.

It is run by whatever `python3` a fresh machine has, so it uses the standard library only and the
syntax of Python 3.8. The stamp in `.venv`, removed first and written last, says what was done:
the same again is nothing to do, and a `.venv` without a stamp is half-made and is made anew.
Nothing here may import the project or what `.venv` holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

from debian import install_missing
from find_python import PythonNotFound, find_python

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = [str(VENV / "bin" / "uv"), "pip"]
STAMP = VENV / "setup.json"

# A change of these makes a new .venv; a change of those updates its packages.
MAKE = (".python-version", "requirements/uv.txt")
FILL = ("pyproject.toml", "requirements/dev.txt")

ENVIRONMENT_IS_WRONG = 3
INTERRUPTED = 130
CHECK_NETWORK = "check the network and the package index, then run `make setup` again"


class ToolFailed(Exception):
    """A tool failed; `output` is what it printed, the message has the fix."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


def main() -> int:
    with open(__file__) as this:
        fcntl.flock(this, fcntl.LOCK_EX)  # `make up` and `make test` may start together
        if VENV.is_symlink():  # what `venv --clear` would empty
            return fail(f"setup: .venv is a link to {os.readlink(VENV)}: remove the link.", ENVIRONMENT_IS_WRONG)
        wanted = {"make": digest(MAKE), "fill": digest(FILL)}
        if read_stamp() == wanted:
            return 0
        try:
            set_up(wanted)
        except PythonNotFound as error:
            return fail(str(error), ENVIRONMENT_IS_WRONG)
        except ToolFailed as error:
            return fail(f"{error.output}\nsetup: {error}", ENVIRONMENT_IS_WRONG)
        except KeyboardInterrupt:
            return fail("setup: interrupted; the next `make setup` starts over.", INTERRUPTED)
    return 0


def fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def set_up(wanted: dict[str, str]) -> None:
    started = time.monotonic()
    made = read_stamp().get("make") == wanted["make"]
    if STAMP.exists():
        STAMP.unlink()
    python = None if made else find_python(ROOT.joinpath(".python-version").read_text().strip(), os.environ)
    with ThreadPoolExecutor(1) as beside:
        debian = beside.submit(install_missing, os.environ)
        if python:
            make_venv(python)
        fill_venv()
        if not debian.done():
            with step("Debian packages"):
                debian.result()
    if debian.result():
        print(f"setup: note: {debian.result()}")
    STAMP.write_text(json.dumps(wanted))
    print(f"setup: done in {time.monotonic() - started:.1f} s")


def make_venv(python: str) -> None:
    with step(f"virtual environment of {python}"):
        run(
            [python, "-m", "venv", "--clear", str(VENV)],
            fix="if it is this Python that cannot: on Debian, install its `-venv` package",
        )
    with step("uv"):
        pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--only-binary", ":all:"]
        run([*pip, "--require-hashes", "-r", "requirements/uv.txt"], fix=CHECK_NETWORK)


def fill_venv() -> None:
    with step("packages of requirements/dev.txt"):
        run([*UV, "sync", "--python", str(PYTHON), "--require-hashes", "requirements/dev.txt"], CHECK_NETWORK)
    with step("servegraph itself, editable"):
        options = ["--no-deps", "--no-build-isolation", "--editable"]
        run([*UV, "install", "--python", str(PYTHON), *options, "."], fix="mend what the build complains of")


def run(command: Sequence[str], fix: str) -> None:
    """Run quietly in the root of the project.

    Raises:
        ToolFailed: its exit code was not 0.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"UV_HTTP_TIMEOUT": "120", **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise ToolFailed(f"`{' '.join(command[:4])} ...` failed: {fix}.", done.stdout)


@contextmanager
def step(what: str) -> Iterator[None]:
    """One line: what is being done, then the seconds it took."""
    started = time.monotonic()
    print(f"setup: {what} ... ", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def digest(names: Sequence[str]) -> str:
    """Of these files, and of where they are: a virtual environment cannot be moved."""
    found = hashlib.sha256(str(ROOT).encode())
    for name in names:
        found.update(ROOT.joinpath(name).read_bytes())
    return found.hexdigest()


def read_stamp() -> dict[str, str]:
    """What the last complete run left; nothing if there was none."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
