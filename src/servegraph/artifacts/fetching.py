"""Bring a place in a store to this machine, unless it is here already."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from servegraph.artifacts import faults, folder
from servegraph.artifacts.access import Access
from servegraph.artifacts.archive import is_archive, unpack
from servegraph.artifacts.rclone import access
from servegraph.artifacts.reference import Location
from servegraph.artifacts.shelf import Shelf
from servegraph.artifacts.stores import File, Progress, Store

log = logging.getLogger(__name__)

_VERSION = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Copy:
    """A place's files in a folder of this machine; `version` stands for their content."""

    folder: Path
    version: str


def fetch(location: Location, variables: Mapping[str, str], cache: Path, progress: Progress) -> Copy:
    """The files at a location, downloaded if they are not in `cache` or changed since.

    A single file comes in a folder of its own, as rclone copies it; an archive on the web comes unpacked.
    If the store does not answer, the copy used last is taken, with a warning.

    Raises:
        ConfigurationError: nothing says what the location's remote is.
        ArtifactNotFound: there is nothing.
        ArtifactRefused: an archive, or a name in the store, that is not safe to unpack.
        RegistryUnreachable: the store denies access, or does not answer and no copy is here.
        EnvironmentFault: a library is missing, or the disk is full.
    """
    store = _store(location, access(location, variables))
    return _fetched(store, cache, location.is_web, progress)


def fetch_file(path: Path, cache: Path) -> Copy:
    """A single file of this machine, in a folder of its own."""
    store = Store(Access("file"), str(path), path.name, str(path))
    return _fetched(store, cache, False, lambda done, total: None)


def _store(location: Location, how: Access) -> Store:
    place = f"{location.remote}://{location.path}" if location.is_web else location.path.rstrip("/")
    return Store(how, place, location.name, location.shown)


def _place(name: str, key: str) -> str:
    plain = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in name)[:80].strip(".")
    return f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _fetched(store: Store, cache: Path, unpacks: bool, progress: Progress) -> Copy:
    shelf = Shelf(cache / _place(store.name, store.key))
    try:
        files = store.files()
    except faults.StoreOffline as error:
        copy = shelf.newest()
        if copy is None:
            raise
        log.warning("%s; the copy from before is used: %s", error, copy)
        return Copy(copy, copy.name)
    version = _fingerprint(files)
    try:
        copy = (shelf.get(version) if version else None) or shelf.put(_filler(store, files, version, unpacks, progress))
    except OSError as error:  # all that stores raise is told apart before
        raise faults.of_disk(error, cache) from error
    return Copy(copy, copy.name)


def _filler(
    store: Store, files: tuple[File, ...], version: str | None, unpacks: bool, progress: Progress
) -> Callable[[Path], str]:
    def fill(target: Path) -> str:
        if unpacks and is_archive(files[0].name):
            with TemporaryDirectory(dir=target.parent) as scratch:
                store.copy(files, Path(scratch), progress)
                unpack(Path(scratch) / files[0].name, target)
        else:
            store.copy(files, target, progress)
        return version or folder.digest(target)[:_VERSION]

    return fill


def _fingerprint(files: tuple[File, ...]) -> str | None:
    """Stands for the content of all files; None if the store says too little to know it again."""
    if any(file.stamp is None for file in files):
        return None
    said = "\n".join(f"{file.name}\0{file.stamp}" for file in files)
    return hashlib.sha256(said.encode()).hexdigest()[:_VERSION]
