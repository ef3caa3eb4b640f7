"""The Containerfile of a project: one image for every node, for the whole graph, and for pulling artifacts.

It follows from the project's files alone, and is written again only while it is as it was written.
"""

import re
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from servegraph.deploy.pod import HOME, MODELS, USER

LOCKS = ("requirements/image.txt", "requirements.txt")
_NOT_SERVED = frozenset(
    ("benchmarks", "build", "dist", "docs", "manifests", "notebooks", "scripts", "src", "tests", "tools")
)
_HEADER = "# Written by `servegraph render`, {digest}: once changed it is yours, and render keeps it.\n"
_WRITTEN = re.compile(r"# Written by `servegraph render`, ([0-9a-f]{16}): .*\n")

_BODY = """\
# From the project's folder:
#   podman build -f manifests/Containerfile -t <image> .

# A tag, since which digest is today's cannot be known here; append @sha256:... to build the same image next year.
FROM docker.io/library/python:3.12-slim

# Logs appear at once; nothing is written beside the code, which is read-only in the pod; HOME is a place that is not.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp

WORKDIR {home}

# First what changes least: every package pinned with its hash, wheels only, and no cache in the layer.
COPY {lock} {lock}
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r {lock}
{package}
# The project as `servegraph` finds it: its settings, and the folders that graphs name classes of.
COPY {settings} ./
{folders}
# Anything that runs as this user may read all of it and write only the state folder, /tmp and {models}.
RUN mkdir -p {home}/.servegraph {models} && chown {user}:{user} {home}/.servegraph {models}
# A number, because Kubernetes cannot see that a name is not root.
USER {user}:{user}

# Seldon's operator starts an init container with nothing but `<modelUri> {models}`; all others say their command.
ENTRYPOINT ["servegraph", "pull"]
"""
_PACKAGE = """
# The project is a package itself; what builds it is in the lock, so nothing is fetched.
COPY {files} ./
COPY src src
RUN pip install --no-cache-dir --no-index --no-build-isolation --no-deps .
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a project's image is made of, all relative to the project.

    Attributes:
        lock: the file of hash-pinned requirements.
        folders: those with Python files that graphs name.
        settings: files that are read where the project runs.
        package_files: what building the project needs beside src/; None where it is no package.
    """

    lock: str
    folders: tuple[str, ...]
    settings: tuple[str, ...]
    package_files: tuple[str, ...] | None


def recipe_of(root: Path) -> Recipe | None:
    """The recipe of the project in a folder; None where it has none of `LOCKS`."""
    lock = next((name for name in LOCKS if (root / name).is_file()), None)
    if lock is None:
        return None
    found = sorted(path.name for path in root.iterdir() if path.is_dir() and any(path.glob("*.py")))
    folders = tuple(name for name in found if name not in _NOT_SERVED and not name.startswith((".", "_")))
    settings = tuple(name for name in ("pyproject.toml", "trusted.toml") if (root / name).is_file())
    return Recipe(lock, folders, settings, _package_files(root))


def _package_files(root: Path) -> tuple[str, ...] | None:
    if not (root / "pyproject.toml").is_file():
        return None
    document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    if "build-system" not in document or not (root / "src").is_dir():
        return None
    project = document.get("project", {})
    named = [project.get("readme"), *project.get("license-files", [])]
    return tuple(name for name in named if isinstance(name, str) and (root / name).is_file())


def containerfile(recipe: Recipe) -> str:
    """The text of the file; its first line tells whether it is still as it was written."""
    files = recipe.package_files
    body = _BODY.format(
        home=HOME,
        models=MODELS,
        user=USER,
        lock=recipe.lock,
        package="" if files is None else _PACKAGE.format(files=" ".join(("pyproject.toml", *files))),
        settings=" ".join(recipe.settings),
        folders="".join(f"COPY {name} {name}\n" for name in recipe.folders),
    )
    return _HEADER.format(digest=_digest(body)) + body


def is_untouched(content: str) -> bool:
    """Whether a Containerfile is as some render wrote it."""
    header = _WRITTEN.match(content)
    return header is not None and header[1] == _digest(content[header.end() :])


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()[:16]
