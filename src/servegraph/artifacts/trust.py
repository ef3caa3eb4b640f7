"""What a project lets an artifact do when it is loaded, and `trusted.toml`, which remembers it.

A pickle, and code inside of an artifact, do whatever they like when they are loaded. They are
loaded only when somebody approved this very content: the digest of the artifact's folder. What the
artifact says of itself never counts.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from servegraph.artifacts.folder import digest
from servegraph.artifacts.pairs import change_pairs, read_pairs
from servegraph.errors import ArtifactRefused

_HEADER = "# Artifacts that may run code when they are loaded: `servegraph trust`. Delete a line to end that.\n"


@dataclass(frozen=True, slots=True)
class Trust:
    """What may be loaded.

    Attributes:
        digests: of artifacts' folders that may run code.
        types: full names of types that a skops file may hold beyond those that skops accepts of itself.
    """

    digests: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def covers(self, folder: Path) -> bool:
        """Whether the folder, as it is now, may run code."""
        return not _linked_folders(folder) and digest(folder) in self.digests

    def demand(self, folder: Path, why: str) -> None:
        """Go on only if the folder, as it is now, may run code. `why` says what would run, as a clause.

        Raises:
            ArtifactRefused: nobody approved it, or its digest cannot cover all of it.
        """
        if linked := _linked_folders(folder):
            raise ArtifactRefused(
                f"{folder}: {why}, and its folder {linked[0].name!r} is a link, which no digest covers",
                hint="put the files themselves into the artifact",
            )
        if digest(folder) not in self.digests:
            raise ArtifactRefused(
                f"{folder}: {why}, and nobody approved this artifact",
                hint=f"if you trust whoever made it: {trust_command(folder)}",
            )


def trust_command(folder: Path) -> str:
    """What to type to approve a folder."""
    return f"servegraph trust {shlex.quote(str(folder))}"


def read_trust(file: Path, types: Iterable[str] = ()) -> Trust:
    """The trust of a project: its file, which may be absent, and the types that its settings name.

    Raises:
        ConfigurationError: the file is no TOML.
    """
    return Trust(frozenset(read_pairs(file)), frozenset(types))


def approved(file: Path) -> Mapping[str, str]:
    """Digests of what was approved, and what each was called then."""
    return read_pairs(file)


def approve(file: Path, content: str, name: str) -> None:
    """Let the artifact with the digest `content` run code; `name` is for people."""
    change_pairs(file, _HEADER, lambda pairs: {**pairs, content: name})


def revoke(file: Path, said: str) -> list[str]:
    """Take back what was approved under a digest, the first digits of one (eight or more), or a name.

    Returns: the digests that are no longer approved.
    """
    gone: list[str] = []

    def without(pairs: Mapping[str, str]) -> Mapping[str, str]:
        gone.extend(key for key, name in pairs.items() if name == said or (len(said) >= 8 and key.startswith(said)))
        return {key: name for key, name in pairs.items() if key not in gone}

    change_pairs(file, _HEADER, without)
    return gone


def _linked_folders(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() and path.is_dir()]
