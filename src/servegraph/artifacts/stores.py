"""A place in a store: what is there, and a copy of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import Any

from servegraph.artifacts import faults
from servegraph.artifacts.access import Access
from servegraph.artifacts.file_systems import open_file_system
from servegraph.errors import ArtifactNotFound, ArtifactRefused, RegistryUnreachable

Progress = Callable[[int, int | None], None]
"""Hears how many bytes are here, and how many there will be, if that is known."""

_LISTING_TIMEOUT = 30.0  # seconds; without it gcsfs tries for minutes
# What a store may say of a file's content, in any library's words.
_STAMPS = ("ETag", "etag", "md5Hash", "generation", "Content-MD5", "Digest", "LastModified", "Last-Modified")
_MORE_STAMPS = ("last_modified", "mtime", "ino")


@dataclass(frozen=True, slots=True)
class File:
    """A file in a store.

    Attributes:
        name: below the artifact's folder, with slashes.
        place: the store's own name for it.
        size: bytes, if the store says so.
        stamp: changes with the content; None if the store says nothing.
    """

    name: str
    place: str
    size: int | None
    stamp: str | None


class Store:
    """A file, or a folder, in a store.

    Args:
        place: bucket and path; the whole address in the web.
        name: what a single file is called.
        shown: the place, for people.
    Raises:
        EnvironmentFault: the library for this kind of store is not installed.
        RegistryUnreachable: the store refuses the options.
    """

    def __init__(self, access: Access, place: str, name: str, shown: str) -> None:
        self.name = name
        self.shown = shown
        self.key = f"{access.protocol} {access.endpoint} {place}"
        self._access = access
        self._system = open_file_system(access, shown)
        self._place = place

    def files(self) -> tuple[File, ...]:
        """What is there, in the order of the names.

        Raises:
            ArtifactNotFound: nothing is.
            ArtifactRefused: a name in the store would leave the artifact's folder.
            RegistryUnreachable: the store denies access, or does not answer.
        """
        try:
            found = self._found()
        except Exception as error:
            raise faults.of_store(error, self.shown) from error
        files = [self._file(place, info) for place, info in found.items() if _is_file(place, info)]
        if not files:
            raise ArtifactNotFound(f"there is nothing at {self.shown}", hint="are the bucket and the path right?")
        return tuple(sorted(files, key=lambda file: file.name))

    def copy(self, files: tuple[File, ...], target: Path, progress: Progress) -> None:
        """Copy files into the folder `target`, which is there and empty.

        Raises:
            OSError: the folder cannot be written to.
            EnvironmentFault: the disk has no room for it all.
            RegistryUnreachable: the store stopped answering, or a file changed on the way.
        """
        sizes = [file.size for file in files]
        total = sum(size or 0 for size in sizes)
        if total > disk_usage(target).free:
            raise faults.no_room(target, total)
        done = 0
        for file in files:
            self._copy(file, target / file.name, _Counter(progress, done, None if None in sizes else total))
            done += (target / file.name).stat().st_size

    def _found(self) -> Mapping[str, Mapping[str, Any]]:
        if self._access.protocol == "http":
            return {self._place: self._system.info(self._place, timeout=_LISTING_TIMEOUT)}
        found: Mapping[str, Mapping[str, Any]] = self._system.find(self._place, detail=True, timeout=_LISTING_TIMEOUT)
        return found

    def _file(self, place: str, info: Mapping[str, Any]) -> File:
        said = {key: str(info[key]) for key in (*_STAMPS, *_MORE_STAMPS) if info.get(key)}
        size = info.get("size")
        stamp = json.dumps([said, size], sort_keys=True) if said else None
        return File(self._name(place), place, size if isinstance(size, int) else None, stamp)

    def _name(self, place: str) -> str:
        name = self.name if place == self._place else place.removeprefix(f"{self._place}/")
        if name.startswith("/") or ".." in name.split("/") or "\0" in name:
            raise ArtifactRefused(f"{self.shown} holds a file named {name!r}", hint="a name must stay in its folder")
        return name

    def _copy(self, file: File, target: Path, counter: "_Counter") -> None:
        from fsspec.callbacks import Callback

        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._system.get_file(file.place, str(target), callback=Callback(hooks={"bytes": counter}))
        except Exception as error:
            if faults.is_of_disk(error):
                raise
            raise faults.of_store(error, self.shown) from error
        if file.size is not None and target.stat().st_size != file.size:
            raise RegistryUnreachable(f"{file.name} of {self.shown} changed while it was copied", hint="try again")


@dataclass(frozen=True, slots=True)
class _Counter:
    """Adds the bytes of one file to those of the files before."""

    progress: Progress
    before: int
    total: int | None

    def __call__(self, size: int | None, value: int, **_: Any) -> None:
        self.progress(self.before + value, self.total)


def _is_file(place: str, info: Mapping[str, Any]) -> bool:
    return info.get("type") == "file" and not place.endswith("/")  # such names mark folders in a bucket
