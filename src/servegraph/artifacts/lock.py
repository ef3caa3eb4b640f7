"""`models.lock`: which content each pulled version had the first time.

One line a version, `"name/version" = "sha256 of its files"`, so that deleting a line is always
possible by hand. Processes may share the file: it is replaced as a whole, under a file lock.
"""

import fcntl
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servegraph.errors import ArtifactRefused, ConfigurationError

_HEADER = "# The content of every version at its first pull. Delete a line to trust that version anew.\n"


class Lock:
    """The lock file of one state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self, pin: str, digest: str) -> None:
        """Compare a version (`name/version`) with what was locked; lock it if it is new.

        Raises:
            ArtifactRefused: it has other content than when it was locked.
            ConfigurationError: the file is no TOML.
        """
        if pin not in self.read():
            self.write(pin, digest, keep=True)
        locked = self.read().get(pin, digest)
        if locked != digest:
            raise ArtifactRefused(
                f"{pin} changed since it was locked: it was {locked[:12]}, it is {digest[:12]}",
                hint=f"register a new version, or, if you trust the change, delete its line in {self.path}",
            )

    def read(self) -> Mapping[str, str]:
        """All locked versions and their digests."""
        try:
            return {pin: str(digest) for pin, digest in tomllib.loads(self._text()).items()}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.path} is no TOML: {error}", hint="correct or delete it") from error

    def write(self, pin: str, digest: str, *, keep: bool = False) -> None:
        """Lock a version; `keep` leaves an entry that another process made first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            locked = dict(self.read())
            if not (keep and pin in locked):
                self._replace({**locked, pin: digest})

    def _text(self) -> str:
        return self.path.read_text(encoding="utf-8") if self.path.exists() else ""

    def _replace(self, locked: Mapping[str, str]) -> None:
        lines = [f"{_quoted(pin)} = {_quoted(locked[pin])}\n" for pin in sorted(locked)]
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            new.write_text(_HEADER + "".join(lines), encoding="utf-8")
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # The folder itself is locked: the file is replaced, and a lock would go with the old one.
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # TOML's strings escape as JSON's do
