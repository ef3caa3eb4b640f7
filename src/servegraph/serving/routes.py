"""Paths and what answers them; matching is exact, as Seldon's executor matches.

A path may be known for several methods, and match several templates; `OPTIONS` tells all of them.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from servegraph.engine.context import Context
from servegraph.payload.envelope import Text

JSON = "application/json"
_TAKEN = Text(b"")
_CACHED_PATHS = 1024
_LONGEST_CACHED = 256  # characters


@dataclass(slots=True)  # frozen ones take three times as long to make
class HttpRequest:
    """A request that a route answers. Do not change it, but for the text, which can be taken.

    Attributes:
        path: without the prefix of an ingress.
        query: the query string, undecoded.
        parameters: what the path says for the names in its template.
    """

    path: str
    query: str
    text: Text
    parameters: Mapping[str, str]
    context: Context

    def take_text(self) -> Text:
        """The text, whose body is held here no longer: it may be large."""
        text, self.text = self.text, _TAKEN
        return text


@dataclass(slots=True)
class Answer:
    """What is sent back. Do not change it.

    Attributes:
        header_length: see `Text`.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    encoding: str = ""
    header_length: int | None = None
    headers: Sequence[tuple[str, str]] = ()

    @classmethod
    def of(cls, text: Text, status: int = 200) -> "Answer":
        """The answer whose body is a message."""
        return cls(status, text.body, text.content_type, text.encoding, text.header_length)


Handler = Callable[[HttpRequest], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers a path.

    Attributes:
        path: exact, or a template with names in braces: `/v2/models/{model}`.
        service: the metrics label; None is neither counted nor for browsers.
        fails: makes the answer to an error, where it is not the usual one.
    """

    method: str
    path: str
    handle: Handler
    service: str | None = None
    fails: Callable[[Exception], Answer] | None = None


class Match(NamedTuple):
    """The routes of one path by method, each with what the path says for the names in its template.

    Attributes:
        allowed: value of `Access-Control-Allow-Methods`, empty for none.
    """

    routes: Mapping[str, tuple[Route, Mapping[str, str]]]
    path: str
    allowed: str


@dataclass(slots=True)
class RouteTable:
    """Finds the routes of a path, also below the prefix where an ingress would put them."""

    routes: Sequence[Route]
    prefix: str = ""
    _known: dict[str, Match | None] = field(default_factory=dict)

    def match(self, path: str) -> Match | None:
        """What is known of a path, or None."""
        if path in self._known:
            return self._known[path]
        if len(path) > _LONGEST_CACHED:
            return self._find(path)
        if len(self._known) >= _CACHED_PATHS:
            self._known.clear()  # callers choose the paths: the memory must have a bound
        found = self._known[path] = self._find(path)
        return found

    def _find(self, path: str) -> Match | None:
        if self.prefix and path.startswith(self.prefix + "/"):
            path = path[len(self.prefix) :]
        matches = list(self._matching(path))
        if not matches:
            return None
        # The first of two routes for one method wins.
        routes = {route.method: (route, values) for route, values in reversed(matches)}
        allowed = ",".join(",".join(sorted(("OPTIONS", route.method))) for route, _ in matches if route.service)
        return Match(routes, path, allowed)

    def _matching(self, path: str) -> Iterator[tuple[Route, Mapping[str, str]]]:
        for route in self.routes:
            if route.path == path:
                yield route, {}
            elif "{" in route.path and (found := _pattern(route.path).fullmatch(path)):
                yield route, found.groupdict()


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)))
