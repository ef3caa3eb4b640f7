"""The head of a response."""

from email.utils import formatdate
from http import HTTPStatus
from time import time

from servegraph.serving.http1.message import Request, Response

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
WITHOUT_BODY = frozenset((204, 304))
_FORBIDDEN = dict.fromkeys([*range(0x09), *range(0x0A, 0x20), 0x7F], " ")


def field(name: str, value: str) -> str:
    """One field of a head. Control characters, with which it would end, or be refused by clients, become spaces."""
    if not value.isprintable():
        value = value.translate(_FORBIDDEN)
    return f"{name}: {value}\r\n"


class Heads:
    """Prints heads; those of one second share their date."""

    def __init__(self) -> None:
        self._second = 0
        self._date = ""

    def printed(self, response: Response, request: Request | None, closes: bool) -> bytes:
        """The head of a response, with the empty line at its end.

        Args:
            request: what it answers, or None for what is no request.
            closes: whether it is the last response on its connection.
        """
        status, fields, body = response
        line = _LINES.get(status) or f"HTTP/1.1 {status} Unknown\r\n"
        length = "" if status in WITHOUT_BODY else f"content-length: {len(body)}\r\n"
        if closes:
            connection = "connection: close\r\n"
        else:
            connection = "connection: keep-alive\r\n" if request is not None and request.is_old else ""
        return f"{line}{fields}{length}{connection}date: {self._now()}\r\n\r\n".encode("latin-1", "replace")

    def _now(self) -> str:
        second = int(time())
        if second != self._second:
            self._second, self._date = second, formatdate(second, usegmt=True)
        return self._date
