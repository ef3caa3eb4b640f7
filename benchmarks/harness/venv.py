"""The virtual environment of the rivals: made when it is first needed, from benchmarks/requirements.txt."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"


class Venv:
    """A virtual environment in a folder, which cannot be moved; complete if it holds the digest of that and of its
    requirements."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = folder / "requirements.digest"
        self._failure: str | None = None

    def program(self, name: str) -> str:
        """A program's path."""
        return str(self._folder / "bin" / name)

    def missing(self) -> str | None:
        """Make the environment, unless it is there; why that is impossible, or None."""
        wanted = hashlib.sha256(bytes(self._folder) + REQUIREMENTS.read_bytes()).hexdigest()
        if self._failure is None and not (self._stamp.is_file() and self._stamp.read_text() == wanted):
            self._failure = self._make()
            if self._failure is None:
                self._stamp.write_text(wanted)
        return self._failure

    def _make(self) -> str | None:
        uv = str(Path(sys.executable).with_name("uv"))
        commands = (
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(self._folder)],
            [uv, "pip", "sync", "--python", self.program("python"), "--require-hashes", str(REQUIREMENTS)],
        )
        for command in commands:
            try:
                environment = {"UV_HTTP_TIMEOUT": "120", **os.environ}
                subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            except subprocess.CalledProcessError as error:
                return f"its packages cannot be installed: {error.stderr.strip().splitlines()[-1]}"
            except OSError as error:
                return f"its packages cannot be installed: {error}"
        return None
