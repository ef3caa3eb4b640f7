"""One HTTP request, and where a redirect sends it.

Source:
    Redirects as Go's HTTP client follows them: 301, 302 and 303 turn a POST into a GET, 307 and
    308 repeat it; credentials do not go to another host; an answer without `Location` is final.
    Own choice: they do not go from https to http either.
"""

from dataclasses import dataclass
from urllib.parse import urljoin

from servegraph.http_client.answer import HttpAnswer
from servegraph.http_client.malformed import MalformedAnswer
from servegraph.http_client.url import Url

_TO_GET = frozenset((301, 302, 303))
_REPEATED = frozenset((307, 308))
_CREDENTIALS = frozenset(("Authorization", "Cookie", "Cookie2", "Www-Authenticate"))

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent, and where to.

    Attributes:
        body: None for a GET.
    """

    url: Url
    fields: Fields
    body: bytes | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def head(self) -> bytes:
        """Request line and fields, up to the body."""
        lines = [f"{self.method} {self.url.target} HTTP/1.1", f"Host: {self.url.authority}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("\r\n")
        return "\r\n".join(lines).encode("utf-8", "replace")

    def redirected(self, answer: HttpAnswer) -> "HttpRequest | None":
        """The request that an answer asks for; None if it asks for none.

        Raises:
            MalformedAnswer: it leads nowhere.
        """
        location = answer.field(b"location")
        if not location or answer.status not in _TO_GET | _REPEATED:
            return None
        try:
            url = Url.parse(urljoin(str(self.url), location))
        except ValueError as error:
            raise MalformedAnswer(f"failed to parse Location header {location!r}") from error
        return HttpRequest(url, self._fields_for(url), self.body if answer.status in _REPEATED else None)

    def _fields_for(self, url: Url) -> Fields:
        leaves_tls = self.url.scheme == "https" and url.scheme != "https"
        refused = {"Referer"} if url.host == self.url.host and not leaves_tls else {"Referer", *_CREDENTIALS}
        fields = [(name, value) for name, value in self.fields if name not in refused]
        return fields if leaves_tls else [*fields, ("Referer", str(self.url))]
