"""A request as it was read, a response as it will be written, and what asks the one for the other."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from servegraph.errors import PayloadError


class TooLarge(PayloadError):
    """The body is over the limit."""


class TooSlow(PayloadError):
    """The body did not arrive in time."""


class Truncated(PayloadError):
    """The body ended before its end."""


class Head(NamedTuple):
    """What a request asks for, and what it says of itself: the same for requests with the same head.

    Attributes: as those of `Request`.
    """

    method: str
    target: str
    path: str
    query: str
    fields: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    is_old: bool


NO_HEAD = Head("", "", "", "", (), {}, False)


class Request:
    """What a client asks. Do not change it, but for the body, which can be taken.

    Attributes:
        target: the request line's, as it came.
        path: of the target, decoded.
        query: of the target, undecoded, without its question mark.
        fields: names in lower case, and values, in the order in which they came.
        headers: the same; of several fields with one name, the first.
        is_old: whether it is one of HTTP/1.0.
        gone: of its client.
        body: the whole of it; empty where there is a fault.
        fault: why there is no whole body.
        is_last: whether the client sends nothing after it.
    """

    __slots__ = (
        "body",
        "fault",
        "fields",
        "gone",
        "headers",
        "is_last",
        "is_old",
        "method",
        "path",
        "query",
        "target",
    )

    def __init__(self, head: Head, gone: "Gone", body: bytes = b"") -> None:
        self.method, self.target, self.path, self.query, self.fields, self.headers, self.is_old = head
        self.gone = gone
        self.body = body
        self.fault: PayloadError | None = None
        self.is_last = False

    def take_body(self) -> bytes:
        """The body, which is held here no longer: it may be large."""
        body, self.body = self.body, b""
        return body


class Gone:
    """Whether a client has hung up, for who wants to wait for it."""

    __slots__ = ("_future", "is_gone")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self.is_gone = False

    def tell(self) -> None:
        """It has."""
        self.is_gone = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def waited_for(self) -> "asyncio.Future[None]":
        """Done when it has. Whoever waits does not cancel it: others may wait, too."""
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
            if self.is_gone:
                self._future.set_result(None)
        return self._future


class Response(NamedTuple):
    """What a client gets.

    Attributes:
        fields: as `head.field` makes them; those of the connection, the length and the date are added.
    """

    status: int
    fields: str = ""
    body: bytes = b""


class Application(Protocol):
    """Answers requests; `max_body` is what a body may have, in bytes."""

    @property
    def max_body(self) -> int: ...

    def __call__(self, request: Request) -> Coroutine[Any, Any, Response]: ...
