"""An MLflow registry, the stores beside it, and the folder that remembers what came from them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from servegraph.artifacts import client, tables
from servegraph.artifacts.fetching import fetch, fetch_file
from servegraph.artifacts.folder import Artifact, describe
from servegraph.artifacts.lock import Lock
from servegraph.artifacts.mlmodel import read_mlmodel
from servegraph.artifacts.reference import Location, Pinned, Reference, RunPath, local_path, parse
from servegraph.artifacts.stores import Progress
from servegraph.errors import ArtifactNotFound

_OURS = ("s3", "gs")  # the stores of MLflow's artifacts that need no MLflow


class Registry:
    """Turns URIs into artifacts on this machine; registered versions are checked against the lock.

    Args:
        tracking_uri: MLflow's tracking URI; `sqlite:///...` is read without importing MLflow.
        state_dir: folder for the lock file, downloads, and the files that `publish_...` stores
            when the tracking URI is SQLite.
    """

    def __init__(self, tracking_uri: str, state_dir: Path) -> None:
        self.tracking_uri = tracking_uri
        self.state_dir = state_dir.resolve()
        self.lock = Lock(self.state_dir / "models.lock")

    @classmethod
    def embedded(cls, state_dir: Path) -> "Registry":
        """The registry that needs no server: SQLite and files, all below `state_dir`."""
        return cls(f"sqlite:///{state_dir.resolve()}/mlflow.db", state_dir)

    @property
    def artifact_store(self) -> Path | None:
        """Where new artifacts are stored; None leaves it to the tracking server."""
        return self.state_dir / "mlartifacts" if tables.database(self.tracking_uri) else None

    def resolve(
        self, uri: str, *, secrets: Mapping[str, str] | None = None, progress: Progress = lambda done, total: None
    ) -> Artifact:
        """Find an artifact, download it if need be, and verify it.

        Args:
            uri: `models:/name@alias`, `models:/name/3`, `runs:/id/path`, a path or `file://`, `s3://`, `gs://`,
                `https://`, or `remote:bucket/path` for a remote of rclone.
            secrets: the environment in which a store's credentials are looked for: the process's, and over it that of
                the node's secret. Without it only what a cloud's library finds by itself.
            progress: hears of every piece of a download.

        Raises:
            ConfigurationError: the URI has another form, or nothing says what its remote is.
            ArtifactNotFound: no such name, alias, version, run or place, or its files are gone.
            ArtifactRefused: a version's content changed since it was locked, or is no MLflow model; an archive
                that is not safe to unpack.
            RegistryUnreachable: the registry or the store does not answer, or denies access.
            EnvironmentFault: a library is missing, or the disk is full.
        """
        wanted = parse(uri)
        if not isinstance(wanted, Reference):
            return self._unregistered(wanted, uri, secrets or {}, progress)
        artifact = self._pull(wanted, uri)
        self.lock.check(f"{artifact.name}/{artifact.version}", artifact.digest)
        return artifact

    def adopt(self, uri: str) -> Artifact:
        """Like `resolve` for a version, and lock what is there now: for whoever has just written it."""
        wanted = parse(uri)
        assert isinstance(wanted, Reference)
        artifact = self._pull(wanted, uri)
        self.lock.write(f"{artifact.name}/{artifact.version}", artifact.digest)
        return artifact

    def _pull(self, wanted: Reference, uri: str) -> Artifact:
        pinned = self._find(wanted)
        folder = self._folder(pinned)
        read_mlmodel(folder)  # or say what is missing
        return describe(folder, uri=uri, name=pinned.name, version=pinned.version, alias=wanted.alias)

    def _find(self, wanted: Reference) -> Pinned:
        database = tables.database(self.tracking_uri)
        found = tables.find(database, wanted) if database else None
        return found or client.find(self.tracking_uri, wanted)

    def _folder(self, pinned: Pinned) -> Path:
        return local_path(pinned.location) or self._downloaded(pinned)

    def _downloaded(self, pinned: Pinned) -> Path:
        # A version number may mean other content in another registry, its location does not.
        place = sha256(f"{self.tracking_uri} {pinned.location}".encode()).hexdigest()[:12]
        cached = self._cache / f"{pinned.name}-{pinned.version}-{place}"
        return cached if cached.is_dir() else client.download(self.tracking_uri, pinned, cached)

    def _unregistered(
        self, wanted: Location | RunPath | Path, uri: str, secrets: Mapping[str, str], progress: Progress
    ) -> Artifact:
        if isinstance(wanted, Path):
            return self._local(wanted, uri)
        if isinstance(wanted, RunPath):
            return self._of_run(wanted, uri, secrets, progress)
        copy = fetch(wanted, secrets, self._cache, progress)
        return describe(copy.folder, uri=uri, name=wanted.name, version=copy.version)

    def _local(self, path: Path, uri: str) -> Artifact:
        place = path.resolve()
        return describe(self._as_folder(place), uri=uri, name=place.name, version="local")

    def _as_folder(self, place: Path) -> Path:
        """A single file comes in a folder of its own, as it does from a store."""
        if place.is_file():
            return fetch_file(place, self._cache).folder
        if not place.is_dir():
            hint = "is the path right? MLflow's artifacts are named models:/name@alias"
            raise ArtifactNotFound(f"there is no folder or file {place}", hint=hint)
        return place

    def _of_run(self, wanted: RunPath, uri: str, secrets: Mapping[str, str], progress: Progress) -> Artifact:
        database = tables.database(self.tracking_uri)
        location = (tables.find_run(database, wanted) if database else None) or client.find_run(
            self.tracking_uri, wanted
        )
        name = wanted.path.rpartition("/")[2] or wanted.run_id
        folder = self._at(location, Pinned(name, wanted.run_id, location), secrets, progress)
        return describe(folder, uri=uri, name=name, version=wanted.run_id)

    def _at(self, location: str, pinned: Pinned, secrets: Mapping[str, str], progress: Progress) -> Path:
        place = parse(location)
        if isinstance(place, Path):
            return self._as_folder(place)
        if isinstance(place, Location) and place.remote in _OURS:
            return fetch(place, secrets, self._cache, progress).folder
        return self._downloaded(pinned)

    @property
    def _cache(self) -> Path:
        return self.state_dir / "cache"
