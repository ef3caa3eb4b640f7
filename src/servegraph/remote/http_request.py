"""One HTTP request to a component, and where a redirect sends it.

Source:
    Redirects as Go's HTTP client follows them: 301, 302 and 303 turn a POST into a GET, 307 and
    308 repeat it; credentials do not go to another host; an answer without `Location` is final.
"""

from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from servegraph.remote.endpoint import bracketed
from servegraph.remote.headers import Fields
from servegraph.remote.http_answer import HttpAnswer
from servegraph.remote.malformed import MalformedAnswer

_TO_GET = frozenset((301, 302, 303))
_REPEATED = frozenset((307, 308))
_CREDENTIALS = frozenset(("Authorization", "Cookie", "Cookie2", "Www-Authenticate"))


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent, and where to.

    Attributes:
        target: path and query, as they stand in the request line.
        body: None for a GET.
    """

    host: str
    port: int
    target: str
    fields: Fields
    body: bytes | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def url(self) -> str:
        return f"http://{bracketed(self.host)}:{self.port}{self.target}"

    def head(self) -> bytes:
        """Request line and fields, up to the body."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {bracketed(self.host)}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("\r\n")
        return "\r\n".join(lines).encode("utf-8", "replace")

    def redirected(self, answer: HttpAnswer) -> "HttpRequest | None":
        """The request that an answer asks for; None if it asks for none.

        Raises:
            MalformedAnswer: it leads where no request can go.
        """
        location = answer.field(b"location")
        if not location or answer.status not in _TO_GET | _REPEATED:
            return None
        try:
            url = urlsplit(urljoin(self.url, location))
            host, port = url.hostname or "", url.port or 80
        except ValueError as error:
            raise MalformedAnswer(f"failed to parse Location header {location!r}") from error
        if url.scheme != "http":
            raise MalformedAnswer(f'unsupported protocol scheme "{url.scheme}"')
        fields = [*self._fields_for(host), ("Referer", self.url)]
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        body = self.body if answer.status in _REPEATED else None
        return replace(self, host=host, port=port, target=target, fields=fields, body=body)

    def _fields_for(self, host: str) -> Fields:
        refused = {"Referer"} if host == self.host else {"Referer", *_CREDENTIALS}
        return [(name, value) for name, value in self.fields if name not in refused]
