"""Where a request goes."""

import string
from typing import NamedTuple
from urllib.parse import quote, urlsplit

_PORTS = {"http": 80, "https": 443}

Server = tuple[str, str, int]
"""Scheme, host and port: what a connection is for."""


class Url(NamedTuple):
    """An address without user, password and fragment.

    Attributes:
        host: IPv6 without brackets.
        port: None where none is written.
        target: path and query, as they stand in the request line.
    """

    scheme: str
    host: str
    port: int | None
    target: str

    @classmethod
    def parse(cls, text: str) -> "Url":
        """An absolute URL; what a request line cannot carry is percent-encoded. Raises ValueError."""
        parts = urlsplit(text)
        host = parts.hostname or ""
        if not host.isascii():
            host = host.encode("idna").decode()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, parts.port, quote(target, safe=string.punctuation))

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL."""
        return bracketed(self.host) if self.port is None else f"{bracketed(self.host)}:{self.port}"

    @property
    def server(self) -> Server:
        """Whom to connect to; the scheme must be http or https."""
        return self.scheme, self.host, self.port or _PORTS[self.scheme]

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def bracketed(host: str) -> str:
    """A host as URLs write it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host
