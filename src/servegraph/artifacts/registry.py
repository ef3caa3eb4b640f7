"""An MLflow registry and the folder that remembers what came from it."""

from hashlib import sha256
from pathlib import Path

from servegraph.artifacts import client, tables
from servegraph.artifacts.folder import Artifact, describe
from servegraph.artifacts.lock import Lock
from servegraph.artifacts.reference import Pinned, Reference, local_path, parse
from servegraph.errors import ArtifactNotFound


class Registry:
    """Turns URIs into artifacts on this machine, each pinned to a version and checked against the lock.

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

    def resolve(self, uri: str) -> Artifact:
        """Find, download if need be, and verify `models:/name@alias`, `models:/name/3` or a local folder.

        Raises:
            ConfigurationError: the URI has another form.
            ArtifactNotFound: no such name, alias, version, or its files are gone.
            ArtifactRefused: its content changed since it was locked, or is no MLflow model.
            RegistryUnreachable: the registry does not answer.
        """
        artifact = self._pull(uri)
        if artifact.version != "local":
            self.lock.check(f"{artifact.name}/{artifact.version}", artifact.digest)
        return artifact

    def adopt(self, uri: str) -> Artifact:
        """Like `resolve`, and lock what is there now: for whoever has just written it."""
        artifact = self._pull(uri)
        self.lock.write(f"{artifact.name}/{artifact.version}", artifact.digest)
        return artifact

    def _pull(self, uri: str) -> Artifact:
        wanted = parse(uri)
        if isinstance(wanted, Path):
            folder = wanted.resolve()
            if not folder.is_dir():
                hint = "name MLflow's artifacts as models:/name@alias"
                raise ArtifactNotFound(f"there is no folder {folder}", hint=hint)
            return describe(folder, uri=uri, name=folder.name, version="local")
        pinned = self._find(wanted)
        folder = self._folder(pinned)
        return describe(folder, uri=uri, name=pinned.name, version=pinned.version, alias=wanted.alias)

    def _find(self, wanted: Reference) -> Pinned:
        database = tables.database(self.tracking_uri)
        found = tables.find(database, wanted) if database else None
        return found or client.find(self.tracking_uri, wanted)

    def _folder(self, pinned: Pinned) -> Path:
        local = local_path(pinned.location)
        if local is not None:
            return local
        # A version number may mean other content in another registry, its location does not.
        place = sha256(f"{self.tracking_uri} {pinned.location}".encode()).hexdigest()[:12]
        cached = self.state_dir / "cache" / f"{pinned.name}-{pinned.version}-{place}"
        return cached if cached.is_dir() else client.download(self.tracking_uri, pinned, cached)
