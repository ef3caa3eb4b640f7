"""How an artifact is asked for: in MLflow (`models:/name@alias`, `models:/name/3`, `runs:/id/path`),
on this machine (a path, `file://`), or in a store (`s3://`, `gs://`, `https://`, rclone's `remote:bucket/path`).

Only the text is looked at here; nothing is searched for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from servegraph.errors import ArtifactNotFound, ConfigurationError

_REGISTERED = re.compile(r"models:/(?P<name>[^/:@]+)(?:@(?P<alias>[\w.-]+)|/(?P<version>[0-9]{1,9}))")
_RUN = re.compile(r"runs:/+(?P<run>[0-9A-Za-z_-]+)(?:/(?P<path>.+))?")
_STORED = re.compile(r"(?P<remote>[A-Za-z0-9][\w.+-]*):(?P<path>.*)", re.DOTALL)
_FORMS = "write models:/<name>@<alias>, or models:/<name>/<version number>"
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Reference:
    """A registered artifact as asked for; one of `alias` and `version` is set."""

    name: str
    alias: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A version that exists, and where the registry says its files are (a path or a URI)."""

    name: str
    version: str
    location: str


@dataclass(frozen=True, slots=True)
class RunPath:
    """What an MLflow run left behind: `path` below its artifacts, all of them if empty."""

    run_id: str
    path: str

    @property
    def first(self) -> str:
        """The first part of the path: since MLflow 3 a logged model may have it for a name."""
        return self.path.partition("/")[0]

    def below(self, root: str | None, model: str | None) -> str | None:
        """The URI of the files: in the model that the run logged under this name, else among the run's own."""
        start, rest = (model, self.path.partition("/")[2]) if model else (root, self.path)
        return f"{start.rstrip('/')}/{rest}".rstrip("/") if start else None


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a store, as asked for.

    Attributes:
        remote: the scheme, or the name of an rclone remote: `s3`, `gs`, `https`, `minio`.
        path: bucket and path without leading slashes; of the web, all after `https://`.
    """

    remote: str
    path: str

    @property
    def is_web(self) -> bool:
        return self.remote in _WEB

    @property
    def name(self) -> str:
        """The last part of the path."""
        return unquote(self._plain.rstrip("/").rpartition("/")[2])

    @property
    def shown(self) -> str:
        """The URI for people: without a password, and without a query, which may be a signature."""
        user, at, rest = self._plain.rpartition("@") if self.is_web else ("", "", self._plain)
        return f"{self.remote}://{rest if at else user + rest}"

    @property
    def _plain(self) -> str:
        return re.split(r"[?#]", self.path)[0] if self.is_web else self.path


def parse(uri: str) -> Reference | RunPath | Location | Path:
    """What a URI asks for; a `Path` for what lies on this machine.

    Raises:
        ConfigurationError: a form that means nothing, stages and `latest` included.
    """
    if uri.startswith("models:"):
        return _registered(uri)
    if uri.startswith("runs:"):
        return _of_run(uri)
    local = local_path(uri)
    return _stored(uri) if local is None else local


def local_path(location: str) -> Path | None:
    """The path that a plain path or a `file:` URI means; None for what lies elsewhere."""
    if "://" not in location and not location.startswith("file:"):
        return None if _STORED.fullmatch(location) else Path(location)
    parts = urlsplit(location)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return None


def _registered(uri: str) -> Reference:
    match = _REGISTERED.fullmatch(uri)
    if match is None or match["name"] in (".", ".."):
        raise ConfigurationError(
            f"{uri!r} names no alias and no version", hint=f"stages are gone from MLflow; {_FORMS}"
        )
    if match["alias"] == "latest":
        raise ConfigurationError(
            f"{uri!r} would move with every registration", hint="set an alias such as champion, and name that"
        )
    version = match["version"]
    return Reference(match["name"], match["alias"], str(int(version)) if version else None)


def _of_run(uri: str) -> RunPath:
    match = _RUN.fullmatch(uri)
    path = (match["path"] or "").strip("/") if match else ""
    if match is None or ".." in path.split("/"):
        raise ConfigurationError(f"{uri!r} names no run's artifact", hint="write runs:/<run id>/<path>")
    return RunPath(match["run"], path)


def _stored(uri: str) -> Location:
    match = _STORED.fullmatch(uri)
    path = match["path"].lstrip("/") if match else ""
    if match is None or not path or match["remote"] == "file":
        raise ConfigurationError(
            f"{uri!r} names no place that an artifact can be in",
            hint="write a path, models:/<name>@<alias>, s3://<bucket>/<path>, or the like",
        )
    remote = match["remote"]
    if remote in _WEB and path.endswith("/"):
        raise ConfigurationError(
            f"{uri!r}: a folder cannot be listed over {remote}", hint="name a file, or an archive (.zip, .tar.gz)"
        )
    return Location(remote, path)


def no_name(name: str, known: Sequence[str]) -> ArtifactNotFound:
    hint = f"registered: {', '.join(sorted(known))}" if known else "run `servegraph train`"
    return ArtifactNotFound(f"the registry has no artifact named {name!r}", hint=hint)


def no_alias(name: str, alias: str, known: Sequence[str]) -> ArtifactNotFound:
    there = f"its aliases: {', '.join(sorted(known))}" if known else "it has no alias; run `servegraph train`"
    return ArtifactNotFound(f"artifact {name!r} has no alias {alias!r}", hint=there)


def no_version(name: str, version: str, known: Sequence[str]) -> ArtifactNotFound:
    there = f"its versions: {', '.join(sorted(known, key=int))}" if known else "run `servegraph train`"
    return ArtifactNotFound(f"artifact {name!r} has no version {version}", hint=there)


def no_run(run_id: str) -> ArtifactNotFound:
    return ArtifactNotFound(f"the registry has no run {run_id!r}", hint="copy the id from MLflow's page of the run")
