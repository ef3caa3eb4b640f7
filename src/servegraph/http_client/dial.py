"""Makes connections: all addresses of a host in turn, and what to say where none of them answers.

Source:
    The words are those of Go's `net`, as the answers of Seldon's executor show them; operators and their scripts
    know these sentences.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable

from servegraph.http_client.connection import Connection
from servegraph.http_client.url import bracketed

_CONNECT_S = 30.0
_NEXT_S = 2.0  # after which the next address is tried, if there is one; Go's least, too


class CannotConnect(Exception):
    """No connection could be made; the text says why."""


async def connect(host: str, port: int, tls: ssl.SSLContext | None, make: Callable[[], Connection]) -> Connection:
    """A new connection, which `make` makes; over TLS if there is a context for it.

    Raises:
        CannotConnect: nobody listens, or nobody who proves to be the host.
    """
    loop = asyncio.get_running_loop()
    tried = f"{host}:{port}"
    name = None if tls is None else host
    try:
        async with asyncio.timeout(_CONNECT_S):
            addresses = await _addresses(host, port)
            for number, ip in enumerate(addresses, start=1):
                tried = f"{bracketed(ip)}:{port}"
                is_last = number == len(addresses)
                try:
                    async with asyncio.timeout(None if is_last else _NEXT_S):
                        return (await loop.create_connection(make, ip, port, ssl=tls, server_hostname=name))[1]
                except OSError:  # refused, or no way there: a machine without IPv6 has names that say otherwise
                    if is_last:
                        raise
    except OSError as error:
        raise CannotConnect(_words(error, host, tried)) from error
    raise CannotConnect(f"dial tcp: lookup {host}: no such host")


def _words(error: OSError, host: str, address: str) -> str:
    """Why no connection to `address` (of the host) could be made."""
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate of {host}: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {address}: {(error.reason or str(error)).lower().replace('_', ' ')}"
    reason = error.strerror or str(error)
    if isinstance(error, ConnectionRefusedError):
        reason = "Connection refused"  # event loops add words of their own
    return f"dial tcp {address}: connect: {reason.lower()}"


async def _addresses(host: str, port: int) -> list[str]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return [host]
