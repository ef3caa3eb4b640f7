"""Unpack an archive that somebody on the web made: nothing lands outside, and nothing fills the disk."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from servegraph.errors import ArtifactRefused

SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar")
MAX_FILES = 100_000
MAX_GROWTH, MIN_LIMIT = 100, 1 << 30  # a model is packed to a tenth, a bomb to a thousandth

_UNREADABLE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    open: Callable[[], IO[bytes] | None]


def is_archive(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, target: Path) -> None:
    """Unpack a .zip or .tar.gz into the folder `target`, which is there and empty.

    Folders come with their files; rights, owners and times do not come.

    Raises:
        ArtifactRefused: it cannot be read, holds links or names that lead out, or grows beyond all measure.
    """
    left = max(MIN_LIMIT, MAX_GROWTH * archive.stat().st_size)
    try:
        for number, member in enumerate(_members(archive)):
            place = target / _inside(archive, member.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            content = member.open()
            if content is None:
                continue
            with closing(content), place.open("xb") as file:
                left -= _write(content, file, left)
            if left < 0 or number >= MAX_FILES:
                raise _refused(archive, "unpacks to more than any model", "unpack it by hand, and name the folder")
    except FileExistsError as error:
        raise _refused(archive, "holds a file twice", "pack it again") from error
    except (*_UNREADABLE, NotImplementedError) as error:
        raise _refused(archive, f"cannot be unpacked: {error}", "is it whole, and without a password?") from error


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    yield _Member(entry.filename, lambda entry=entry: packed.open(entry))  # type: ignore[misc]
        return
    with tarfile.open(archive) as tar:
        for item in tar:
            if not (item.isfile() or item.isdir()):
                raise _refused(archive, f"holds {item.name!r}, a link or a device", "pack it with tar --dereference")
            if item.isfile():
                yield _Member(item.name, lambda item=item: tar.extractfile(item))  # type: ignore[misc]


def _inside(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise _refused(archive, f"holds {name!r}, which lies outside of it", "do not trust who made it")
    return path


def _write(content: IO[bytes], file: IO[bytes], left: int) -> int:
    """Copy what is in there, at most one piece beyond what is left."""
    written = 0
    while written <= left and (piece := content.read(1 << 20)):
        written += file.write(piece)
    return written


def _refused(archive: Path, what: str, hint: str) -> ArtifactRefused:
    return ArtifactRefused(f"{archive.name} {what}", hint=hint)
