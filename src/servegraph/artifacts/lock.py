"""`models.lock`: which content each pulled version had the first time.

One line a version, `"name/version" = "sha256 of its files"`, so that deleting a line is always
possible by hand. Processes may share the file: it is replaced as a whole, under a file lock.
"""

from collections.abc import Mapping
from pathlib import Path

from servegraph.artifacts.pairs import Pairs, change_pairs, read_pairs
from servegraph.errors import ArtifactRefused

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
        return read_pairs(self.path)

    def write(self, pin: str, digest: str, *, keep: bool = False) -> None:
        """Lock a version; `keep` leaves an entry that another process made first."""

        def locked(pairs: Pairs) -> Pairs:
            return pairs if keep and pin in pairs else {**pairs, pin: digest}

        change_pairs(self.path, _HEADER, locked)
