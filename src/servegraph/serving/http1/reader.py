"""Reads requests from the bytes of one client.

Source:
    RFC 9112, by llhttp, which refuses what two readers could understand differently (a length beside chunks, two
    lengths, folded fields). Requests to speak another protocol (`Upgrade`) are answered as if they had not been asked.
"""

from collections import deque
from enum import IntEnum
from io import BytesIO
from time import monotonic
from typing import NamedTuple
from urllib.parse import unquote

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
    parse_url,
)

from servegraph.errors import PayloadError
from servegraph.serving.http1.known import KnownHeads
from servegraph.serving.http1.message import NO_HEAD, Gone, Head, Request, TooLarge, Truncated

OVERHEAD_LIMIT = 64 * 1024  # bytes of a request line and its fields, and of what is no body behind them


class Stage(IntEnum):
    """Which part of a request comes next."""

    NOTHING = 0  # before its first byte
    HEAD = 1
    BODY = 2
    LOST = 3  # what comes cannot be read any more, and does not matter


_UNDER_WAY = (Stage.HEAD, Stage.BODY)


class BadHead(NamedTuple):
    """What came is no request; `status` says what to answer."""

    status: int


class RequestReader:
    """Implements httptools' protocol.

    Args:
        max_body: what a body may have, in bytes.
        known: those of all connections.
        taken: gets each request: whole, or with a fault as soon as there is one; and what is none, which is the last.
        gone: of all requests.

    Attributes:
        stage: of the request that is being read.
        since: when it began, on the monotonic clock in seconds.
        is_new: whether none has begun yet.
        wants_leave: whether the client asked for leave to send the body of this or an earlier request.
    """

    def __init__(self, max_body: int, known: KnownHeads, taken: "deque[Request | BadHead]", gone: Gone) -> None:
        self._max_body = max_body
        self._known = known
        self._taken = taken
        self._gone = gone
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._is_resumed = False
        self.stage = Stage.NOTHING
        self.since = monotonic()
        self.is_new = True
        self.wants_leave = False
        self._piece = 0  # bytes of what is fed
        self._first = 0  # and of the piece in which this request began: part of it may belong to earlier ones
        self._overhead = 0
        self._url = b""
        self._fields: list[tuple[str, str]] = []
        self._head = NO_HEAD
        self._request: Request | None = None
        self._body: bytes | BytesIO = b""
        self._size = 0

    @property
    def is_waited_for(self) -> bool:
        """Whether the client still waits for leave to send a body."""
        return self.wants_leave and self.stage is Stage.BODY and not self._size

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.stage is not Stage.NOTHING:
            self._read(data)
            return
        found = self._known.recognised(data)
        if found is not None:
            self.is_new = False
            self._taken.append(Request(found[0], self._gone, found[1]))
            return
        before = len(self._taken)
        self._read(data)
        if self.stage is Stage.NOTHING and len(self._taken) == before + 1:
            self._known.remember(data, self._head, self._size)

    def _read(self, data: bytes) -> None:
        fields, size = self._fields, self._size
        self._piece = len(data)
        rest: bytes | memoryview = data
        while self._parser is not None:
            try:
                self._parser.feed_data(rest)
            except HttpParserUpgrade as upgrade:
                rest = memoryview(rest)[upgrade.args[0] :]
                self._go_on()
            except HttpParserInvalidMethodError:
                self._lose(405)  # none that anybody knows
            except HttpParserError:
                self._lose()
            else:
                break
        if self._fields is fields and self.stage in _UNDER_WAY:
            self._count(len(data), self._size - size)

    def _count(self, size: int, of_body: int) -> None:
        """Count bytes of a head that began before, or of what stands between two pieces of a body, or behind them."""
        self._overhead = 0 if of_body else self._overhead + size
        if self._overhead <= OVERHEAD_LIMIT:
            return
        if self.stage is Stage.BODY:
            self.give_up(TooLarge(f"over {OVERHEAD_LIMIT} bytes came that belong to no body"))
        else:
            self._refuse_head(431)

    def _lose(self, status: int = 400) -> None:
        if self.stage is Stage.BODY:
            self.give_up(Truncated("the body ended early"))
        elif self.stage is Stage.LOST:
            self.end()
        else:
            self._refuse_head(status)

    def _refuse_head(self, status: int) -> None:
        self.end()
        self._taken.append(BadHead(status))

    def _go_on(self) -> None:
        """Make ready for the body of a request that wants another protocol: the parser leaves it to that protocol."""
        request = self._request
        if request is None:  # its body is too large, so that nothing of it is read
            return
        self._parser = HttpRequestParser(self)
        framing = [(name, request.headers.get(name)) for name in ("content-length", "transfer-encoding")]
        lines = [f"{name}: {value}\r\n" for name, value in framing if value is not None]
        self._is_resumed = True
        try:
            self._parser.feed_data(f"POST / HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1"))
        except HttpParserError:
            self._lose()
        self._is_resumed = False

    def give_up(self, fault: PayloadError) -> None:
        """The body that is being read will never be whole: its request is taken with the fault, and is the last."""
        request, self._request = self._request, None
        self.end()
        if request is not None:
            request.fault = fault
            request.is_last = True
            self._taken.append(request)

    def end(self) -> None:
        """Nothing is read any more. The parser holds us, so that it goes now."""
        self.stage = Stage.LOST
        self._parser = self._request = None
        self._body = self._url = b""
        self._fields = []
        self._head = NO_HEAD

    # The names are httptools'; it calls them while it reads.

    def on_message_begin(self) -> None:
        if self._is_resumed or self.stage is Stage.LOST:
            return
        self.stage = Stage.HEAD
        self.is_new = False
        self.since = monotonic()
        self._first, self._overhead = self._piece, 0
        self._url = b""
        self._fields = []

    def on_url(self, url: bytes) -> None:
        if self.stage is Stage.HEAD:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.stage is Stage.HEAD:  # and no trailer
            self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1").rstrip(" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        if self._is_resumed or self.stage is not Stage.HEAD or parser is None:
            return
        if self._overhead + self._first + self._piece > OVERHEAD_LIMIT and self._head_size() > OVERHEAD_LIMIT:
            self._refuse_head(431)
            return
        target = self._url.decode("latin-1")
        path, query = _split(self._url) if "%" in target or target[0] != "/" else target.partition("?")[::2]
        headers = dict(reversed(self._fields))
        is_old = "connection" in headers and parser.get_http_version() == "1.0"
        self._head = Head(parser.get_method().decode(), target, path, query, self._fields, headers, is_old)
        request = Request(self._head, self._gone)
        request.is_last = not parser.should_keep_alive()
        self.stage = Stage.BODY
        self._request = request
        self._body, self._size, self._overhead = b"", 0, -self._piece
        length = request.headers.get("content-length")
        if length is not None and int(length) > self._max_body:
            self._refuse()
        elif "expect" in request.headers and request.headers["expect"].lower() == "100-continue":
            self.wants_leave = parser.get_http_version() != "1.0"

    def _head_size(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self._fields)

    def on_body(self, piece: bytes) -> None:
        if self._request is None:
            return
        self._size += len(piece)
        if self._size > self._max_body:
            self._refuse()
        elif self._size == len(piece):
            self._body = piece
        else:
            if isinstance(self._body, bytes):  # it grows in place, and is handed over without another copy
                first, self._body = self._body, BytesIO()
                self._body.write(first)
            self._body.write(piece)

    def _refuse(self) -> None:
        hint = "send fewer rows at once, or raise --max-body-mib"
        request, self._request = self._request, None
        assert request is not None
        request.fault = TooLarge(f"the body is over {self._max_body} bytes", hint=hint)
        request.is_last = True
        self.end()
        self._taken.append(request)

    def on_message_complete(self) -> None:
        parser, request = self._parser, self._request
        if request is None or (parser is not None and parser.should_upgrade()):
            return
        body, self._body, self._request = self._body, b"", None
        request.body = body if isinstance(body, bytes) else body.getvalue()
        self._taken.append(request)
        if request.is_last:
            self.end()
        else:
            self.stage = Stage.NOTHING


def _split(url: bytes) -> tuple[str, str]:
    """Path and query of a target that may hold escapes, or name the server, too."""
    if not url.startswith(b"/"):
        try:
            parsed = parse_url(url)
        except HttpParserError:  # `*`, or the address of a CONNECT
            return url.decode("latin-1"), ""
        path, query = parsed.path or b"/", parsed.query or b""
    else:
        path, _, query = url.partition(b"?")
    return unquote(path.decode("latin-1"), errors="replace"), query.decode("latin-1")
