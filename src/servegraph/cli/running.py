"""Find the running deployment, and ask it for its status."""

import json
from typing import Any

import httpx

from servegraph.errors import EnvironmentFault
from servegraph.project import Project


def base_url(project: Project) -> str:
    """Where `servegraph run` of this project listens; its default address when it left no word."""
    try:
        said = json.loads((project.state / "run.json").read_text(encoding="utf-8"))
        return f"http://{said['host']}:{said['http_port']}"
    except (OSError, ValueError, KeyError):
        return "http://127.0.0.1:8000"


def get_status(url: str) -> dict[str, Any]:
    """The status document of a running deployment.

    Raises:
        EnvironmentFault: nothing answers there, or something else does.
    """
    try:
        response = httpx.get(f"{url}/status", timeout=5.0)
        response.raise_for_status()
        document = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise EnvironmentFault(f"no servegraph at {url}: {error}", hint="run `make up` first, or name --url") from error
    if not isinstance(document, dict):
        raise EnvironmentFault(f"no servegraph at {url}", hint="run `make up` first, or name --url")
    return document
