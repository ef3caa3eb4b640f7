"""How an artifact is asked for: `models:/name@alias`, `models:/name/3`, or a local folder.

Only the text is looked at here; nothing is searched for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from servegraph.errors import ArtifactNotFound, ConfigurationError

_REGISTERED = re.compile(r"models:/(?P<name>[^/:@]+)(?:@(?P<alias>[\w.-]+)|/(?P<version>[0-9]{1,9}))")
_FORMS = "write models:/<name>@<alias>, models:/<name>/<version number>, or a folder that holds an MLmodel"


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


def parse(uri: str) -> Reference | Path:
    """A reference to a registered artifact, or the path of a local folder.

    Raises:
        ConfigurationError: any other form, stages and `latest` included.
    """
    if uri.startswith("models:"):
        return _registered(uri)
    folder = local_path(uri)
    if folder is None:
        raise ConfigurationError(f"{uri!r} is not an artifact that can be pulled", hint=_FORMS)
    return folder


def local_path(location: str) -> Path | None:
    """The path that a plain path or a `file:` URI means; None for what lies elsewhere."""
    if "://" not in location and not location.startswith("file:"):
        return None if re.match(r"[a-z][a-z0-9+.-]+:", location) else Path(location)
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


def no_name(name: str, known: Sequence[str]) -> ArtifactNotFound:
    hint = f"registered: {', '.join(sorted(known))}" if known else "run `servegraph train`"
    return ArtifactNotFound(f"the registry has no artifact named {name!r}", hint=hint)


def no_alias(name: str, alias: str, known: Sequence[str]) -> ArtifactNotFound:
    there = f"its aliases: {', '.join(sorted(known))}" if known else "it has no alias; run `servegraph train`"
    return ArtifactNotFound(f"artifact {name!r} has no alias {alias!r}", hint=there)


def no_version(name: str, version: str, known: Sequence[str]) -> ArtifactNotFound:
    there = f"its versions: {', '.join(sorted(known, key=int))}" if known else "run `servegraph train`"
    return ArtifactNotFound(f"artifact {name!r} has no version {version}", hint=there)
