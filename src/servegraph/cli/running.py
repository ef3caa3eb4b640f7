"""What runs in a project: `run` leaves word, `status` and `traffic` find it."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.project import Project

if TYPE_CHECKING:
    from servegraph.serving.server import Addresses  # takes half a second to import

DEFAULT_HOST, DEFAULT_HTTP_PORT, DEFAULT_GRPC_PORT = "127.0.0.1", 8000, 5001
NOT_RUNNING = "run `servegraph up` first, or name --url"

log = logging.getLogger(__name__)


def _word(project: Project) -> Path:
    return project.state / "run.json"


@contextmanager
def announced(project: Project, addresses: "Addresses") -> Iterator[None]:
    """Say where we answer, while we do. Of several runs in one project the last one is found."""
    path = _word(project)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"pid": os.getpid(), **asdict(addresses)}), encoding="utf-8")
    except OSError as error:
        log.warning("%s cannot be written (%s); tell `status` and `traffic` the --url", path, error.strerror)
    try:
        yield
    finally:
        with suppress(OSError):
            if _read(project).get("pid") == os.getpid():
                path.unlink()


def _read(project: Project) -> dict[str, Any]:
    try:
        said = json.loads(_word(project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def find_running(project: Project) -> tuple[str, int]:
    """The URL and the gRPC port of what runs in the project; the defaults of `run` when it left no word."""
    said = _read(project)
    host, port = said.get("host", DEFAULT_HOST), said.get("http_port", DEFAULT_HTTP_PORT)
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"http://{authority}", said.get("grpc_port", DEFAULT_GRPC_PORT)


def checked_url(url: str) -> str:
    """A URL given by a person, without a slash at its end.

    Raises:
        ConfigurationError: it has no scheme.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"--url {url}: there is no scheme", hint=f"write http://{url}")
    return url.rstrip("/")


def get_status(url: str) -> dict[str, Any]:
    """The status document of a running deployment.

    Raises:
        EnvironmentFault: nothing answers there, or something else does.
    """
    import httpx

    try:
        response = httpx.get(f"{url}/status", timeout=5.0)
        response.raise_for_status()
        document = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise EnvironmentFault(f"no servegraph at {url}: {error}", hint=NOT_RUNNING) from error
    if not isinstance(document, dict) or "nodes" not in document:
        raise EnvironmentFault(f"what answers at {url} is no servegraph", hint=NOT_RUNNING)
    return document
