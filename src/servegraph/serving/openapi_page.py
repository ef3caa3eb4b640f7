"""The page that shows the graph and lets a browser try it, and the documents beside it.

The page is the same for every graph: it reads `openapi.json` beside itself, so no name of a graph
or a node is ever written into HTML or script here.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

HTML = "text/html; charset=utf-8"
JSON = "application/json"
_PLACES = ("/api/v1.0/doc/", "/api/v0.1/doc/", "/v2/docs/")


def pages(document: Mapping[str, Any]) -> Mapping[str, tuple[str, bytes]]:
    """What to answer to a GET, for a document that `openapi` made: path -> content type and body."""
    return dict(_pages(document))


def _pages(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, bytes]]]:
    html = _page()[0].encode()
    for place in _PLACES:
        yield place, (HTML, html)
        body = json.dumps({**document, "servers": [{"url": _way_up(place)}]}).encode()
        for name in ("openapi.json", "seldon.json"):
            yield place + name, (JSON, body)


def _way_up(place: str) -> str:
    return "/".join([".."] * (place.count("/") - 1))


def content_security_policy() -> str:
    """The header to send with the page: nothing but its own style and script runs, and nothing leaves this server."""
    return _page()[1]


@cache
def _page() -> tuple[str, str]:
    folder = files(__package__).joinpath("page")
    html, style, script = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")
    )
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    html = html.replace("/* page.css */", style).replace("/* page.js */", script)
    return html, f"{policy}; frame-ancestors 'none'"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
