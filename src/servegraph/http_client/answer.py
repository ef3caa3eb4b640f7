"""Reads one HTTP/1.1 answer from the bytes of a connection, however they are cut.

No socket here, and no idea of what the answer means.

Source:
    RFC 9112: status line and fields (sections 4 and 5), persistence (9.3).
"""

from dataclasses import dataclass

from servegraph.http_client.body import Body, body_of
from servegraph.http_client.malformed import MalformedAnswer, TooLarge

_MAX_HEAD = 65_536  # bytes of status line and fields together


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer; field names are lower-case, and of a repeated field the first value counts.

    Attributes:
        keeps_alive: whether the connection can carry another request.
    """

    status: int
    fields: dict[bytes, bytes]
    body: bytes
    keeps_alive: bool

    def field(self, name: bytes) -> str:
        """The value of a field; empty if it was not sent."""
        return self.fields.get(name, b"").decode("latin-1")


class AnswerReader:
    """Takes the bytes of one answer as they come; a body larger than `max_body` bytes is refused, or cut short."""

    __slots__ = ("_body", "_cuts", "_fields", "_max_body", "_pending", "_persistent", "_status", "started")

    def __init__(self, max_body: int, cuts: bool = False) -> None:
        self._max_body = max_body
        self._cuts = cuts
        self._pending = b""  # the part of the head that came
        self._status = 0
        self._fields: dict[bytes, bytes] = {}
        self._persistent = True
        self._body: Body | None = None
        self.started = False

    def feed(self, data: bytes) -> HttpAnswer | None:
        """The answer, once it is whole.

        Raises:
            MalformedAnswer: it never will be.
        """
        self.started = True
        try:
            return self._feed(data)
        except TooLarge:
            if not self._cuts:
                raise
        return HttpAnswer(self._status, self._fields, self._body.content() if self._body else b"", keeps_alive=False)

    def _feed(self, data: bytes) -> HttpAnswer | None:
        while self._body is None:
            data = self._pending + data
            end = data.find(b"\r\n\r\n")
            if max(end, len(data) if end < 0 else 0) > _MAX_HEAD:
                raise MalformedAnswer("the head of the answer is too large")
            if end < 0:
                self._pending = data
                return None
            self._pending = b""
            self._read_head(data[:end])
            data = data[end + 4 :]
            if not 100 <= self._status < 200:  # interim answers are followed by the real one
                self._body = body_of(self._status, self._fields, self._max_body)
        surplus = self._body.feed(data)
        return None if surplus is None else self._answer(self._body, surplus == 0)

    def end(self) -> HttpAnswer | None:
        """The answer, if the end of the connection makes it whole."""
        if self._body is None or not self._body.ends_with_connection:
            return None
        return self._answer(self._body, keeps_alive=False)

    def _answer(self, body: Body, keeps_alive: bool) -> HttpAnswer:
        return HttpAnswer(self._status, self._fields, body.content(), keeps_alive and self._persistent)

    def _read_head(self, head: bytes) -> None:
        line, *lines = head.split(b"\r\n")
        version, _, rest = line.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise MalformedAnswer(f"malformed HTTP response {line[:60].decode('latin-1')!r}")
        self._status = int(rest[:3])
        self._fields = fields = _fields(lines)
        connection = fields.get(b"connection", b"").lower()
        self._persistent = b"close" not in connection if version == b"HTTP/1.1" else b"keep-alive" in connection


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name:
            raise MalformedAnswer(f"malformed field {line[:60].decode('latin-1')!r}")
        name, value = name.lower(), value.strip(b" \t")
        if fields.setdefault(name, value) != value and name == b"content-length":
            raise MalformedAnswer("two different lengths")
    return fields
